import { applied } from './applied.projection.js'
import { decisions } from './decisions.projection.js'
import { holds } from './holds.projection.js'
import type { Projection } from './projection.js'
import { runFacts } from './run-facts.projection.js'

export const projections: readonly Projection[] = [runFacts, decisions, holds, applied]
