import { randomBytes } from 'node:crypto'

/** One of the demo's trainings. */
export type PlannedRun = {
  readonly id: string
  readonly policy: 'uniform' | 'odm' | 'doremi'
  readonly title: string
  /** Saves its model as the reference of the run that needs one. */
  readonly savesReference: boolean
  readonly needsReference: boolean
}

export type Plan = {
  readonly id: string
  readonly steps: number
  /** Runs of a stage go side by side; a stage begins when the one before is done. */
  readonly stages: readonly (readonly PlannedRun[])[]
}

/** New names each time, so that a second demo keeps the runs of the first. */
export function planDemo(steps: number, id = randomBytes(2).toString('hex')): Plan {
  const run = (policy: PlannedRun['policy'], title: string): PlannedRun => ({
    id: `demo-${policy}-${id}`,
    policy,
    title,
    savesReference: policy === 'uniform',
    needsReference: policy === 'doremi',
  })
  // DoReMi measures against the model that uniform trains, so it comes second; two at a time suit two cores.
  return {
    id,
    steps,
    stages: [[run('uniform', 'uniform'), run('odm', 'odm')], [run('doremi', 'doremi proxy')]],
  }
}
