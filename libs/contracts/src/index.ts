export { limits, isName, namePattern } from './primitives.js'
export { bad, good, type Outcome } from './outcome.js'
export { Domain, Evaluations, Guards, Horizon, PolicyChoice } from './run-settings.js'
export * from './trainer/trainer-events.js'
export * from './trainer/trainer-commands.js'
export { Controls } from './trainer/controls.js'
export * from './ledger/ledger-events.js'
export { checkLosses, show } from './trainer/losses-guard.js'
export { isTrainerEventName, parseTrainerEvent } from './trainer/parse.js'
export {
  cloudEventHeaders,
  eventIdOf,
  headerText,
  openKafkaEvent,
  openStructuredEvent,
  type IdentifiedEvent,
  type OpenedEvent,
  type RawHeaders,
} from './cloud-event.js'
export { defaultPartitions, nameOfType, topicSettings, topics, typeOf } from './topics.js'
export { canonicalJson, decisionIdOf, digestOf, ledgerEventIdOf, sha256Hex, streamOf } from './digest.js'
export {
  emptyEvidence,
  evidenceHex,
  extendEvidence,
  textDigest,
  type EvidenceDigest,
} from './evidence-digest.js'
export { ledgerEventExamples, trainerCommandExamples, trainerEventExamples } from './examples.js'
