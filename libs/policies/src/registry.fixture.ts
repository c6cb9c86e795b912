/** A configuration for a run of so many domains, for rules that are configured by domain. */
export type Given = object | ((domains: number) => object)

/** Names of domains as the tests give them. */
const names = (domains: number) => Array.from({ length: domains }, (_, i) => `d${i}`)

/** A graph in which every skill helps itself and all others alike; a large one would only be slow. */
const skills = (domains: number, own: number, other: number) => ({
  graph:
    domains > 64 ? null : names(domains).map((_, i) => names(domains).map((_, j) => (i === j ? own : other))),
})
const losses = (domains: number) => Object.fromEntries(names(domains).map((name, i) => [name, i % 4]))

/** Who gives advice in the tests, and an agent of that name. */
export const adviser = `test@sha256:${'0'.repeat(64)}`
const manifest = (domains: number, more: object) => ({
  ...{ name: 'test', model: '0'.repeat(64), opset: 17, history: 2, intervalTokens: 2000, progress: false },
  domains: names(domains).reverse(),
  feedback: names(domains).map((name) => ({ name, from: 'loss', mean: 3, scale: 0.5 })),
  ...more,
})

/** Every policy of the registry with settings that reach its branches. A policy without an entry is tested with its defaults. */
export const settings: Readonly<Record<string, readonly Given[]>> = {
  natural: [{}, { temperature: 3 }],
  temperature: [
    {},
    { temperature: 'infinite', switchAt: { steps: 3 }, finalTemperature: 1e-300 },
    (domains: number) => ({
      switchAt: { tokens: 1e4 },
      sizes: Object.fromEntries(names(domains).map((name, i) => [name, i % 3 === 2 ? 0 : 10 ** (i % 9)])),
    }),
  ],
  odm: [
    'official-smoothed',
    'official-smoothed-single',
    'official-exp3',
    'official-exp3-single',
    'paper',
    'dataflex',
  ].flatMap((variant) => [
    { variant },
    { variant, warmupSteps: 3, updateEvery: 2, smoothing: 0.5, stepsAreGlobal: false, biasCorrection: true },
  ]),
  // A refit of thousands of domains takes seconds: large runs get one.
  ado: [
    ...['recommended', 'official', 'mixtera', 'paper'].flatMap((variant) => [
      (domains: number) => ({
        ...{ variant, startStep: 2, refitEvery: domains > 100 ? 1000 : 2, ignoreSteps: 1, subsample: 1 },
        ...{ fewestPoints: 1, smoothingWindow: 3, smoothingOrder: 1, historyPoints: 4 },
      }),
      (domains: number) => ({
        ...{ variant, startStep: 1, fit: 'advice', floor: 0.05, prior: 'tokens', sharedCount: false },
        parameters: names(domains).map(() => [2, 0.5, 0.3]),
      }),
    ]),
    {
      ...{ variant: 'official', startStep: 0, refitEvery: 3, ignoreSteps: 0, subsample: 1, fewestPoints: 2 },
      ...{ losses: 'evaluation', sharedCount: false, historyPoints: 3, adopt: 'each' },
    },
  ],
  equitable: [
    { exploration: 1, block: 2000 },
    { exploration: 0.5, fewestSizes: 3, sizesToStarve: 4, historyPoints: 8, block: 5000, unit: 'sequences' },
    ...['sum', 'max'].flatMap((objective) =>
      ['optimal', 'sequential'].map((allocation) => (domains: number) => ({
        ...{ objective, allocation, block: 3000, budget: 40_000 },
        curves: Object.fromEntries(
          names(domains).map((name) => [name, { scale: 4, exponent: 0.5, irreducible: 0.25 }]),
        ),
        held: Object.fromEntries(names(domains).map((name) => [name, 1])),
        caps: Object.fromEntries(names(domains).map((name) => [name, 50_000])),
      })),
    ),
  ],
  doremi: [
    { variant: 'official' },
    { variant: 'dataflex' },
    { variant: 'paper', missingDomain: 'hold', firstScore: 'zero', averageIncludesStart: true },
    ...['hold', 'holdNeutral', 'zero'].map((missingDomain) => ({
      variant: 'paper',
      missingDomain,
      smoothing: 1e-4,
    })),
  ],
  dump: [
    {},
    { signal: 'passCounts', bonusCounts: 'prompts', windowRollouts: 30, temperature: 0, floor: 1e-5 },
    { variant: 'dataflex', warmupSteps: 2, updateEvery: 3 },
    { variant: 'dataflex-as-wired', floorBy: 'mixing' },
    { validationScores: { d0: 'general' }, explorationWeight: 0 },
  ],
  sec: [
    {},
    { absent: 'decay', learningRate: 0.5, temperature: 0.2, signal: 'passCounts' },
    { absent: 'decay', method: 'normalizedQ', objective: 'progress' },
    { method: 'greedy', objective: 'unnormalisedAdvantage' },
    { method: 'greedy', greedyWeights: 'boltzmann', objective: 'progress', signal: 'passCounts' },
  ],
  'reward-gap': [
    {},
    {
      warmupSteps: 2,
      updateEvery: 3,
      floor: 0.05,
      floorBy: 'clamping',
      temperature: 0.25,
      windowSequences: 7,
    },
    { signal: 'passCounts', floor: 0, temperature: 0 },
  ],
  'loss-slope': [
    {},
    { temperature: 1e-3, signed: true, windowSequences: 6 },
    { signal: 'rewards', signed: true, warmupSteps: 2, updateEvery: 3, floorBy: 'clamping' },
    { signal: 'passCounts', variant: 'as-wired', floor: 0 },
  ],
  'gaussian-curriculum': [
    {},
    (domains) => ({ ranking: names(domains).reverse(), angle: true, rewardScale: 1, startRank: 1.5 }),
    (domains) => ({
      ranking: names(domains),
      items: Object.fromEntries(names(domains).map((name, i) => [name, 1 + ((i * 37) % 100)])),
      sampleAt: 'oldCenter',
      updateEvery: 2,
      smallestShift: -1,
      stepSize: 3,
      width: 0.5,
    }),
  ],
  'failure-profile': [
    {},
    { memory: 'decayed', keep: 0.5, laplace: 0 },
    { memory: 'window', windowSteps: 3, uniformShare: 0.2 },
  ],
  'cluster-resampling': [
    {},
    { unscored: 'keep', items: 10_000, portion: 0.3 },
    { unscored: 'keep', variant: 'paper', items: 10_000, rounds: 4 },
  ],
  'most-underserved': [
    {},
    { progress: 'absolute', water: 0.5, blockShare: 1 },
    (domains) => ({ reference: Object.fromEntries(names(domains).map((name, i) => [name, 1 + (i % 7)])) }),
    { water: 3 },
  ],
  doge: [
    { learningRate: 0.01 },
    { scoreMinimum: null, scoreMaximum: null, smoothing: 0.01 },
    { variant: 'paper', scoreDivisor: 1 },
    (domains: number) => ({ targetOnly: domains > 1 ? ['d0'] : [], learningRate: 0.1 }),
  ],
  'difficulty-filter': [
    {},
    {
      low: 0,
      high: 1,
      open: true,
      batch: 8,
      maxRefill: 3,
      memory: 0,
      rolloutSelection: { rule: 'gfpo', count: 4, metric: 'short' },
    },
    { unit: 'domain', rolloutsPerPrompt: 4, low: 0.25, high: 0.75 },
    { unit: 'domain', rolloutsPerPrompt: 4, weights: 'keepAcceptedShares', lowestAcceptance: 0.1 },
    (domains: number) => ({
      unit: 'domain',
      rolloutsPerPrompt: 2,
      target: Object.fromEntries(Array.from({ length: domains }, (_, i) => [`d${i}`, 1])),
    }),
  ],
  cures: [
    {},
    { temperature: 0.1, resetEvery: 3, leastRollouts: 1, devices: 8, rollouts: 'gradients' },
    { variant: 'official', rollouts: 'gradients', totalBudget: 48, devices: 8 },
    { variant: 'official', rollouts: 'none' },
    { unit: 'domain', preRollouts: 2, temperature: 0.1 },
  ],
  knapsack: [
    {},
    { enoughRollouts: 1, informationGain: 'p(1-p)', costEstimation: 'expectation', allWrong: 1, allRight: 0 },
    { variant: 'official', enoughRollouts: 1 },
    { variant: 'official', enoughRollouts: 1, fallback: false, maximum: 9 },
    { unit: 'domain', binRollouts: 4, maximum: 32 },
  ],
  'loss-reweighting': [
    {},
    { strategy: 'extremes', temperature: null },
    ...['linUpper', 'quadratic', 'extremes', 'linear', 'readmeUniform'].map((strategy) => ({
      unit: 'domain',
      strategy,
      warmUpSteps: 2,
      firstWindow: 2,
      smoothing: 0.5,
    })),
    { unit: 'domain', baseline: 'none', warmUpSteps: 3, warmUpTemperature: null },
    (domains: number) => ({
      unit: 'domain',
      baseline: 'reference',
      reference: Object.fromEntries(Array.from({ length: domains }, (_, i) => [`d${i}`, 1 + (i % 5)])),
      warmUpSteps: 0,
    }),
  ],
  'warm-up': [
    { until: { steps: 3 } },
    { until: { tokens: 9000 }, mixture: 'uniform', seen: false, policy: 'sec' },
    (domains) => ({
      until: { steps: 0 },
      mixture: 'given',
      weights: Object.fromEntries(names(domains).map((name, i) => [name, 1 + (i % 3)])),
    }),
  ],
  blend: [
    { mixture: 'uniform', share: 0.3 },
    { policy: 'natural', mixture: 'uniform', share: 1, fade: { to: 0, over: { steps: 6 } } },
    {
      policy: 'odm',
      config: { variant: 'dataflex' },
      mixture: 'natural',
      share: 0.5,
      fade: { to: 1, over: { tokens: 2e4 } },
    },
    {
      policy: 'blend',
      config: { policy: 'warm-up', config: { until: { steps: 2 } } },
      mixture: 'uniform',
      share: 0.2,
    },
  ],
  filtered: [
    { smoothing: 0.9, lowest: 0, highest: 11 },
    {
      policy: 'odm',
      config: { variant: 'dataflex' },
      reference: 'firstWindow',
      window: 3,
      relation: 'ratio',
    },
    { reference: 'signal', losses: 'training', smoothing: 0.5 },
    (domains) => ({
      reference: 'given',
      losses: 'both',
      relation: 'ratio',
      referenceLosses: Object.fromEntries(names(domains).map((name, i) => [name, 1 + (i % 4)])),
      policy: 'most-underserved',
    }),
  ],
  grape: [
    ...['alignment', 'signals', 'evaluations'].map((taskRates) => ({
      tasks: ['general', 'target'],
      taskRates,
      learningRate: 1e-3,
    })),
    { tasks: ['general', 'target'], domainDivisor: 1, taskDivisor: 1, updateEvery: 2 },
  ],
  rnb: [
    {},
    { sharpness: 3, missingDomain: 'zero', updateEvery: 2 },
    ...['holdNeutral', 'zero'].map((missingDomain) => (domains: number) => ({
      missingDomain,
      evaluationProportions: Object.fromEntries(
        Array.from({ length: domains }, (_, i): [string, number] => [`d${i}`, i + 1]),
      ),
    })),
  ],
  pike: [
    {},
    { varianceFactor: 100, updateEvery: 2 },
    { variant: 'balanced', balance: 2 },
    (domains: number) => ({ batchSize: 2 * domains, minimumCount: 1 }),
  ],
  'skill-it': [
    {},
    (domains) => ({
      ...skills(domains, 1, 1),
      halveOffDiagonals: true,
      syntheticFirstLoss: true,
      normaliseByInitialLoss: true,
      evaluationsPerRound: 2,
    }),
    (domains) => ({ ...skills(domains, 0.8, -0.3), variant: 'paper', stepSizeSchedule: true, window: 1 }),
    (domains) => ({ ...skills(domains, 0, 0.5), targetSkills: ['d0'], diagonalOfOne: true }),
    (domains) => ({
      graph: names(Math.min(domains, 64)).map(() => [0.5, -0.2]),
      evaluationSkills: ['general', 'target'],
      prior: Object.fromEntries(names(domains).map((name, i) => [name, i % 4])),
      ...(domains > 64 || domains === 1 ? { graph: null, evaluationSkills: null, prior: null } : {}),
    }),
    (domains) => ({ ...skills(domains, 0.8, 0.1), mode: 'static' }),
    (domains) => ({ ...skills(domains, 0, -1), mode: 'stratified', targetSkills: ['d0'] }),
    { isolatedNodes: 'uniform' },
  ],
  'dynamic-batch-loading': [
    { variant: 'constant' },
    (domains) => ({ targetLosses: losses(domains) }),
    (domains) => ({ variant: 'official-bandit', targetLosses: losses(domains), stepSize: 3 }),
    (domains) => ({
      variant: 'paper',
      targetSize: 1e9,
      targetPoints: Object.fromEntries(
        names(domains).map((name, i) => [
          name,
          [
            { size: 1, loss: 4 },
            { size: 100, loss: 3 },
            { size: 1000, loss: 2 + (i % 3) / 2 },
          ],
        ]),
      ),
    }),
  ],
  velocitune: [
    (domains) => ({ targetLosses: losses(domains) }),
    (domains) => ({
      targetLosses: losses(domains),
      initialLosses: Object.fromEntries(names(domains).map((name, i) => [name, (i * 3) % 8])),
      smoothing: 0.01,
    }),
  ],
  aioli: [
    (domains) => ({ updateSteps: 5 * domains + 1 }),
    (domains) => ({ updateSteps: domains + 1, stepsPerProbe: 1, priorSteps: 1, accumulateFrom: 'start' }),
    (domains) => ({
      updateSteps: 2 * domains + 2,
      stepsPerProbe: 1,
      sweeps: 2,
      ema: 0.5,
      oneHotFactor: 0.5 / domains + 0.5,
    }),
    (domains) => ({
      updateSteps: domains + 2,
      stepsPerProbe: 1,
      normalise: false,
      diagonal: true,
      oneHotFactor: 0.6 / domains + 0.4,
    }),
  ],
  agent: [
    (domains) => ({ manifest: manifest(domains, { output: 'logits' }) }),
    (domains) => ({
      manifest: manifest(domains, {
        output: 'logits',
        progress: true,
        feedback: [{ name: 'target', from: 'score', mean: 1, scale: 5e-324 }],
      }),
      interval: 'tokens',
    }),
    (domains) => ({
      manifest: manifest(domains, { output: 'logits', history: 1 }),
      floor: 0.5 / domains,
      largestTotalVariation: 0.05,
    }),
  ],
  schedule: [
    { phases: [{ policy: 'odm', until: { steps: 4 } }, { policy: 'natural' }] },
    {
      phases: [
        { policy: 'uniform', until: { steps: 3 } },
        { policy: 'odm', config: { variant: 'official-exp3' } },
      ],
    },
    (domains: number) => ({
      phases: [
        {
          policy: 'odm',
          domains: names(domains).slice(0, 2),
          until: { any: [{ after: { steps: 3 } }, { score: { task: 'target', above: 6, patience: 2 } }] },
        },
        {
          policy: 'natural',
          budgets: { d0: { steps: 2 } },
          transition: { over: { steps: 3 }, shape: 'cosine' },
          until: {
            all: [{ loss: { domain: 'd0', below: 6 } }, { loss: { domain: 'd0', above: 1, of: 'training' } }],
          },
          controls: { dataSize: 0.5 },
        },
        { policy: 'uniform', until: { used: { domain: 'd0', tokens: 1 } } },
      ],
      repeat: 'forever',
      budgets: { [`d${domains - 1}`]: { tokens: 1e4 } },
    }),
    { preset: { name: 'cooldown', at: { steps: 3 } } },
    (domains: number) => ({
      preset: {
        name: 'cyclic-curriculum',
        order: names(domains),
        pass: { steps: 2 },
        lengthFollowsSize: false,
      },
    }),
    (domains: number) => ({
      preset: {
        name: 'replay',
        replayed: names(domains).slice(0, Math.ceil(domains / 2)),
        first: { rate: 0.5, until: { steps: 2 } },
        limit: { domain: 'd0', above: 6, below: 5 },
        passes: 1e-6,
      },
    }),
    {
      phases: [
        {
          policy: 'schedule',
          config: { phases: [{ policy: 'odm', until: { after: { steps: 2 } } }], repeat: 2 },
          until: { steps: 6 },
        },
        { policy: 'temperature', transition: { over: { tokens: 1e4 } } },
      ],
    },
  ],
}

/** Policies whose answer hangs on the order in which domains are listed, each with the reason. All others must not care. */
export const orderMatters: Readonly<Record<string, string>> = {
  agent: 'The numbers of an answer are in the order of the manifest, whatever the order of the run.',
  rnb: 'The columns of the Gram matrix come as signals named by the position of a domain.',
  aioli: 'Domains are probed in a random order of their positions.',
  'gaussian-curriculum': 'Without a ranking by name, the order of the domains is the ranking.',
}

/** Where a policy needs a start of its own to be configurable: names of tasks that evaluations score. */
export const tasks = ['general', 'target'] as const
