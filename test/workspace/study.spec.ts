import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findPolicy } from '@mixdesk/policies'
import { describe, expect, it } from 'vitest'
import { compare, measures, seedsOf } from '../../scripts/study/measures.mjs'
import { studyPages } from '../../scripts/study/page.mjs'
import { fullSize, planStudy, quickSize, studied } from '../../scripts/study/plan.mjs'
import { differences, readResults } from '../../scripts/study/results.mjs'

const docs = fileURLToPath(new URL('../../docs/', import.meta.url))
const names = ['web', 'code']
type Job = ReturnType<typeof planStudy>[number]

const run = (perToken: readonly number[], more = {}) => ({
  tokens: 100,
  seconds: 5,
  parameters: 10,
  untrained: [7, 7],
  evaluations: [
    { step: 19, loss: [6, 6] },
    { step: 39, loss: perToken },
  ],
  final: { perToken, perByte: perToken },
  trainedTokens: [60, 40],
  mixtures: [
    [0, [0.5, 0.5]],
    [20, [0.6, 0.4]],
  ],
  decisions: 1,
  late: { 1: 1 },
  ...more,
})
/** Made up: `odm` is better than equal weights on web by about 0.1 and worse on code by as much, with some noise. */
const made = {
  size: quickSize,
  corpus: {
    digest: 'd',
    vocabulary: 1024,
    domains: names.map((name, i) => ({ name, tokens: 100 + 200 * i, heldOut: 50, bytesPerToken: 2.5 })),
  },
  policies: { uniform: 1, odm: 1 },
  machine: { cores: 2, model: 'a processor', memoryGb: 8, system: 'linux x64' },
  versions: {
    mixdesk: '1',
    node: '1',
    kafka: '1',
    kafkajs: '1',
    postgres: '1',
    chdb: '1',
    python: '1',
    torch: '1',
  },
  seconds: 60,
  runs: {
    'uniform/1': run([4, 3]),
    'uniform/2': run([4.1, 3.1]),
    'uniform/3': run([4.2, 3.2]),
    'odm/1': run([3.9, 3.1]),
    'odm/2': run([3.99, 3.21]),
    'odm/3': run([4.11, 3.29]),
    // Its partner on equal weights is missing: nothing to compare with.
    'odm/4': run([1, 1]),
  },
}
const named = (name: string) => measures(made).find((one: { name: string }) => one.name === name)!

describe('the plan of the study', () => {
  const jobs: Job[] = planStudy({ policies: studied, seeds: [1, 2], names })

  it('trains what a run needs before it, and nothing twice', () => {
    const keys = jobs.map(({ key }) => key)
    expect(new Set(keys).size).toBe(keys.length)
    jobs.forEach(({ needs }, i) => {
      for (const key of needs) expect(keys.slice(0, i)).toContain(key)
    })
    for (const name of studied) for (const seed of [1, 2]) expect(keys).toContain(`${name}/${seed}`)
  })

  it('gives every run in the table the same budget, and policies the server knows', () => {
    for (const job of jobs) {
      if (job.stage === 'main') expect(job).not.toHaveProperty('steps')
      expect(findPolicy(job.policy)?.name).toBe(job.policy)
    }
    expect(jobs.filter(({ stage }) => stage === 'main')).toHaveLength(2 * studied.length)
  })

  it('configures policies soundly, from what the runs before gave', () => {
    const found = () => run([3, 3], { averageWeights: [0.25, 0.75] })
    for (const size of [fullSize, quickSize])
      for (const job of jobs) {
        const known = { size, corpus: made.corpus, found }
        const config = job.config?.(known) ?? {}
        const policy = findPolicy(job.policy)!
        const start = {
          domains: made.corpus.domains,
          weights: [0.5, 0.5],
          tokensPerStep: undefined,
          horizonSteps: size.steps,
        }
        expect(policy.check({ ...policy.defaults, ...config } as never, start as never), job.key).toEqual([])
      }
  })
})

describe('what is compared', () => {
  it('pairs runs by seed', () => expect(seedsOf(made, 'odm')).toEqual([1, 2, 3]))

  it('has the interval of a paired t over seeds', () => {
    const { loss, mean, halfWidth, verdict, pairs } = compare(made, 'odm', named('web'))
    expect(loss).toBeCloseTo(4, 10)
    expect(mean).toBeCloseTo(-0.1, 10)
    expect(pairs.map((pair: number) => Number(pair.toFixed(6)))).toEqual([-0.1, -0.11, -0.09])
    // Standard deviation 0.01, t of two degrees of freedom 4.303.
    expect(halfWidth).toBeCloseTo((4.303 * 0.01) / Math.sqrt(3), 6)
    expect(verdict).toBe('better')
    expect(compare(made, 'odm', named('code')).verdict).toBe('worse')
  })

  it('counts domains alike in the average, and by their tokens beside it', () => {
    expect(compare(made, 'odm', named('average'))).toMatchObject({ verdict: 'same' })
    expect(named('by size').of({ perToken: [1, 4] })).toBe(3.25)
    expect(named('worst').of({ perToken: [1, 4] })).toBe(4)
  })
})

describe('the page of the study', () => {
  it('says where nothing beats equal weights, and what does', async () => {
    const page = (await studyPages(made)).get('study.md')!
    expect(page).toContain('**Average over domains: nothing beats equal weights.**')
    expect(page).toContain('Domains where nothing beats equal weights: code.')
    expect(page).toContain('is better on web; worse on code.')
    expect(page).toMatch(/\*\*−0\.100 ± 0\.025\*\*.*_\+0\.100 ± 0\.025_/)
  })

  it('draws what it shows', async () => {
    const pages = await studyPages(made)
    const shown = [...pages.get('study.md')!.matchAll(/\]\((study\/[^)]+\.svg)\)/g)].map(([, path]) => path)
    expect(shown.length).toBeGreaterThan(2)
    for (const path of shown) expect(pages.get(path)).toMatch(/^<svg [^]*<\/svg>\n$/)
    expect(JSON.stringify([...pages])).not.toMatch(/NaN|undefined|Infinity/)
  })

  it('is current with the results, where there are any', async () => {
    const results = await readResults(join(docs, 'study', 'results.json'))
    expect(existsSync(join(docs, 'study.md'))).toBe(results !== undefined)
    if (results === undefined) return
    for (const [path, text] of await studyPages(results))
      expect(await readFile(join(docs, path), 'utf8'), `docs/${path}: npm run study -- --report-only`).toBe(
        text,
      )
  })
})

describe('a study that was interrupted', () => {
  it('goes on only with the same sizes, texts and policies', () => {
    const about = { size: made.size, corpus: made.corpus, policies: { uniform: 1, ado: 1 } }
    expect(differences(made, about)).toEqual([])
    expect(differences(made, { ...about, size: fullSize })).toEqual(['the size of the runs'])
    expect(differences(made, { ...about, policies: { odm: 2 } })).toEqual(['the version of odm'])
  })
})
