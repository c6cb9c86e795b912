import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { compareGolden } from './compare.mjs'
import { goldenFiles, readGolden } from './files.mjs'

const folder = fileURLToPath(new URL('.', import.meta.url))
const files = ['mixing', 'policy'].flatMap((kind) => goldenFiles(folder + kind))

describe('recordings of the published implementations', () => {
  it('are there', () => expect(files.length).toBeGreaterThanOrEqual(18))

  it.each(files.map((file) => [file.slice(folder.length), file]))('%s is reproduced', (_name, file) => {
    const result = compareGolden(readGolden(file))
    expect(result).toMatchObject({ verdict: 'matched', why: '' })
    expect(result.steps).toBeGreaterThan(0)
  })
})

describe('the comparison itself', () => {
  const recording = () => readGolden(`${folder}mixing/odm/smoothed-k3-all-observed.json.gz`)

  it('falls short on a weight that is off by more than the tolerance', () => {
    const golden = recording()
    golden.steps[30]!.weights[1]! += 1e-9
    expect(compareGolden(golden)).toMatchObject({ verdict: 'fell short', why: expect.stringContaining('weights at step 31') })
  })

  it('falls short on a recorded state that is off, though the weights agree', () => {
    const golden = recording()
    golden.steps[59]!.state.reward[0]! *= 1 + 1e-9
    expect(compareGolden(golden)).toMatchObject({ verdict: 'fell short', why: expect.stringContaining('reward at step 60') })
  })

  it('skips from the first recorded NaN on', () => {
    const golden = recording()
    golden.steps[10]!.weights[1] = null
    golden.steps[40]!.weights[1] = 0.9
    expect(compareGolden(golden)).toMatchObject({ verdict: 'matched', steps: 10, skipped: 50 })
  })

  it('names rules and settings that no policy covers', () => {
    expect(compareGolden({ ...recording(), policy: 'regmix' })).toMatchObject({
      verdict: 'not covered',
      why: 'no policy for the rule regmix',
    })
    const golden = recording()
    golden.hyperparameters['momentum'] = 0.5
    expect(compareGolden(golden)).toMatchObject({ verdict: 'not covered', why: 'settings momentum' })
  })
})
