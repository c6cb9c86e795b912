import type { LedgerData, LedgerEventType } from './ledger/ledger-events.js'
import type { MixtureSet } from './trainer/trainer-commands.js'
import type { TrainerEvent, TrainerEventName } from './trainer/trainer-events.js'

// One run told in messages: two domains, two ranks, a first decision. The published documents show them, and a test
// holds them against the schemas.

const run = 'llm-7b/2026-03-01'
const project = 'llm-7b'
const attempt = 1
const policy = {
  name: 'odm',
  version: 1,
  configDigest: '8f434346648f6b96df89dda901c5176b10a6d83961dd3c1ac88b59b2dc327aa4',
}
const decisionId = 'b5bb9d8014a0f9b1d61e21e796d78dcc'
const openedBy = '0190f6a2-3d1e-7c4b-9a55-2f6f1f6f9d01'
const resumedBy = '0190f7c0-88aa-7f0e-8b21-6c1d4b7f3e02'
const because = 'code still learns fast: its loss per token is the highest for its share.'
const request = { run, requestId: 'c0ffee', by: 'ada', because: 'An evaluation looks wrong.' }

/** One example of every event a trainer sends. */
export const trainerEventExamples: {
  readonly [N in TrainerEventName]: Extract<TrainerEvent, { readonly name: N }>['data']
} = {
  'run.started': {
    run,
    project,
    attempt: 1,
    domains: [
      { name: 'web', tokens: 900_000_000_000, weight: 0.7 },
      { name: 'code', tokens: 120_000_000_000, weight: 0.3 },
    ],
    policy: { name: 'odm', config: { smoothing: 0.3 } },
    guards: { floor: 0.05, largestChange: 0.2, repetitionCap: { epochs: { code: 4 } } },
    ranks: 2,
    horizon: { steps: 100_000 },
    signals: ['refLossSum'],
    evaluations: { loss: true, scores: ['humaneval'] },
    cadence: 10,
    params: { learningRate: 0.0003 },
    tags: ['baseline'],
    notes: 'First run with code.',
  },
  'losses.measured': {
    run,
    attempt,
    step: 120,
    rank: 0,
    mixtureVersion: 3,
    tokens: [45_056, 20_480],
    lossSum: [121_650.5, 39_936.25],
    sequences: [22, 10],
    signals: { refLossSum: [118_000.25, 41_000.5] },
  },
  'evaluation.measured': { run, attempt, step: 120, loss: [2.71, 1.93], scores: { humaneval: 0.31 } },
  'mixture.applied': { run, attempt, version: 4, step: 122, rank: 0 },
  'mixture.refused': { run, attempt, version: 4, step: 122, because: 'Step 121 was already sampled.' },
  'checkpoint.saved': { run, attempt, step: 200, uri: 's3://checkpoints/llm-7b/200' },
  'run.resumed': { run, attempt: 2, step: 200, ranks: 2 },
  'run.finished': { run, attempt: 2, step: 99_999, status: 'completed', openedBy: resumedBy },
  'metrics.logged': {
    run,
    attempt,
    step: 120,
    rank: 0,
    names: ['learningRate', 'gradientNorm'],
    values: [0.0003, 0.87],
  },
  'run.annotated': { run, tags: ['baseline', 'paper'], notes: 'Figure 3.' },
  'freeze.requested': request,
  'thaw.requested': { ...request, requestId: 'c0ffef', because: 'The evaluation was wrong.' },
  'override.requested': { ...request, requestId: 'c0fff0', weights: [0.5, 0.5] },
  'advice.given': {
    run,
    attempt,
    step: 120,
    source: 'mixer@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    values: [0.62, 0.38],
  },
}

/** One example of every command. */
export const trainerCommandExamples: { readonly 'mixture.set': MixtureSet } = {
  'mixture.set': {
    run,
    attempt,
    openedBy,
    version: 4,
    fromStep: 121,
    domains: ['web', 'code'],
    weights: [0.65, 0.35],
    meaning: 'samplingProbability',
    lifecycle: 'train',
    decidedAtStep: 120,
    policy: { name: policy.name, version: policy.version },
    decisionId,
    because,
  },
}

const identity = { run, project, attempt }
const person = { requestId: request.requestId, by: request.by, because: request.because }
const started = trainerEventExamples['run.started']

/** One example of every fact of the ledger. */
export const ledgerEventExamples: { readonly [T in LedgerEventType]: LedgerData<T> } = {
  RunStarted: {
    ...identity,
    domains: started.domains,
    policy: { ...policy, config: { smoothing: 0.3 } },
    guards: started.guards!,
    ranks: 2,
    cadence: 10,
    lateness: 64,
    horizon: { steps: 100_000 },
    signals: ['refLossSum'],
    evaluations: { loss: true, scores: ['humaneval'] },
    params: { learningRate: 0.0003 },
    tags: ['baseline'],
    notes: 'First run with code.',
    weights: [0.7, 0.3],
    openedBy,
    rules: 2,
  },
  RunRefused: {
    ...identity,
    domains: started.domains,
    policy: { name: 'omd' },
    ranks: 2,
    problems: ['There is no policy "omd"; there are: uniform, static, natural, odm, doremi, schedule.'],
  },
  RunResumed: {
    ...identity,
    attempt: 2,
    fromStep: 200,
    ranks: 2,
    openedBy: resumedBy,
  },
  OpeningRefused: {
    ...identity,
    step: 120,
    message: 'run.started',
    asked: 1,
    id: '0190f6b1-0c55-7a90-bb1f-90aa51c2d703',
    openedBy,
    because: 'The run has started already, with the same settings.',
  },
  RunFinished: { ...identity, attempt: 2, step: 99_999, status: 'completed' },
  RunAnnotated: {
    ...identity,
    params: { learningRate: 0.0003 },
    tags: ['baseline', 'paper'],
    notes: 'Figure 3.',
  },
  CheckpointSaved: { ...identity, step: 200, uri: 's3://checkpoints/llm-7b/200' },
  MixtureDecided: {
    ...identity,
    decisionId,
    version: 4,
    step: 120,
    fromStep: 121,
    weights: [0.65, 0.35],
    proposed: [0.6, 0.4],
    previous: [0.7, 0.3],
    meaning: 'samplingProbability',
    policy,
    because: { summary: because, parts: { reward: [-0.08, 0.08], exploration: [-0.02, 0.02] } },
    guards: [
      {
        guard: 'largestChange',
        because: 'The change was halved to 0.1.',
        before: [0.6, 0.4],
        after: [0.65, 0.35],
      },
    ],
    evidence: {
      fromStep: 111,
      toStep: 120,
      steps: 10,
      observations: 20,
      tokens: 1_310_720,
      digest: '0f1e2d3c4b5a69788796a5b4c3d2e1f0',
    },
    stateDigest: '2c26b46b68ffc68ff99b453c1d304134',
  },
  MixtureHeld: {
    ...identity,
    step: 130,
    version: 4,
    because: 'Warming up: 130 of 1000 steps seen.',
    guards: [],
    policy,
  },
  MixtureApplied: { ...identity, version: 4, step: 122, rank: 0 },
  MixtureRefused: { ...identity, version: 4, step: 122, because: 'Step 121 was already sampled.' },
  MixtureExpired: { ...identity, version: 4, step: 221, missingRanks: 1 },
  MixtureFrozen: { ...identity, step: 230, ...person },
  MixtureThawed: {
    ...identity,
    step: 260,
    ...person,
    requestId: 'c0ffef',
    because: 'The evaluation was wrong.',
  },
  MixtureOverridden: {
    ...identity,
    step: 270,
    version: 5,
    ...person,
    requestId: 'c0fff0',
    weights: [0.5, 0.5],
  },
  RequestRefused: { ...identity, step: 280, requestId: 'c0fff1', by: 'ada', problems: ['The run is over.'] },
  DomainQuarantined: {
    ...identity,
    step: 300,
    domain: 'code',
    because: 'The loss of code was not finite at step 300.',
  },
}
