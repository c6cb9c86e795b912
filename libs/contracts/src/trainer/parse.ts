import { TypeCompiler, type TypeCheck, type ValueError } from '@sinclair/typebox/compiler'
import type { TSchema } from '@sinclair/typebox'
import type { OpenedEvent } from '../cloud-event.js'
import { bad, good, type Outcome } from '../outcome.js'
import { namePattern } from '../primitives.js'
import { checkLosses, show } from './losses-guard.js'
import {
  trainerEventSchemas,
  type AdviceGiven,
  type EvaluationMeasured,
  type MetricsLogged,
  type RunStarted,
  type TrainerEvent,
  type TrainerEventName,
} from './trainer-events.js'

const compiled = new Map<string, TypeCheck<TSchema>>()
function checkerOf(name: Exclude<TrainerEventName, 'losses.measured'>): TypeCheck<TSchema> {
  let check = compiled.get(name)
  if (check === undefined)
    compiled.set(name, (check = TypeCompiler.Compile<TSchema>(trainerEventSchemas[name])))
  return check
}

export const isTrainerEventName = (name: string | undefined): name is TrainerEventName =>
  name !== undefined && Object.hasOwn(trainerEventSchemas, name)

/** Checks an opened event against its schema. What comes back may be trusted everywhere inside. */
export function parseTrainerEvent(opened: OpenedEvent): Outcome<TrainerEvent> {
  const { name, data } = opened
  if (!isTrainerEventName(name))
    return bad(
      `Unknown type ${show(opened.type)}; expected mixdesk.<name>.v1 with one of: ${Object.keys(trainerEventSchemas).join(', ')}.`,
    )
  if (name === 'losses.measured') {
    const losses = checkLosses(data)
    return losses.ok ? good({ name, data: losses.value }) : losses
  }
  const check = checkerOf(name)
  if (!check.Check(data)) {
    const error = check.Errors(data).First()
    const where = error?.path ? ` at ${error.path}` : ''
    return bad(`${name}: ${expectation(error)}${where}, got ${show(error?.value)}.`)
  }
  const relation = relations(name, data)
  return relation === undefined ? good({ name, data } as TrainerEvent) : bad(relation)
}

/** What a schema wanted, as the beginning of a sentence. */
function expectation(error: ValueError | undefined): string {
  if (error === undefined) return 'not as expected'
  const { schema, message } = error
  if (schema['pattern'] === namePattern) return 'expected a name (1 to 128 of A-Z a-z 0-9 . _ : / -)'
  if (Array.isArray(schema['enum']))
    return `expected one of ${schema['enum'].map((word) => JSON.stringify(word)).join(', ')}`
  return `${message.slice(0, 1).toLowerCase()}${message.slice(1)}`
}

/** What a schema cannot say: relations between fields. */
function relations(name: TrainerEventName, data: unknown): string | undefined {
  if (name === 'run.started') {
    const { domains } = data as RunStarted
    const seen = new Set<string>()
    for (const domain of domains) {
      if (seen.has(domain.name))
        return `run.started: the domain ${show(domain.name)} is named twice; names must be unique in a run.`
      seen.add(domain.name)
    }
    const weighted = domains.filter((domain) => domain.weight !== undefined)
    if (weighted.length > 0 && weighted.length < domains.length)
      return 'run.started: give every domain a weight, or none (then they start equal).'
    const total = weighted.reduce((sum, domain) => sum + (domain.weight ?? 0), 0)
    if (weighted.length > 0 && total <= 0)
      return 'run.started: the weights of the domains sum to 0; at least one must be positive.'
    if (!Number.isFinite(total))
      return 'run.started: the weights of the domains sum to more than a number can hold; their sum must be finite.'
  }
  if (name === 'evaluation.measured') {
    const { domains, loss, scores } = data as EvaluationMeasured
    if (loss === undefined && scores === undefined)
      return 'evaluation.measured: give `loss`, `scores`, or both.'
    if (domains !== undefined && loss !== undefined && domains.length !== loss.length)
      return `evaluation.measured: \`loss\` has ${loss.length} entries where \`domains\` has ${domains.length}.`
    if (domains !== undefined && new Set(domains).size !== domains.length)
      return 'evaluation.measured: `domains` names an index twice.'
  }
  if (name === 'metrics.logged') {
    const { names, values } = data as MetricsLogged
    if (names.length !== values.length)
      return `metrics.logged: \`values\` has ${values.length} entries where \`names\` has ${names.length}.`
  }
  if (name === 'advice.given') {
    const { values, because } = data as AdviceGiven
    if ((values.length === 0) === (because === undefined))
      return 'advice.given: give `values`, or say in `because` why there are none.'
  }
  return undefined
}
