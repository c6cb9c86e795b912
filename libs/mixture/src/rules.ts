import type { RunState } from './run-state.js'

/**
 * Version of the rules by which a desk folds, beside the formula of its policy. A run keeps those it began with, so that its
 * decisions can be proven later; the ledger's `RunStarted` says which. What a version changed:
 * - 2: a resume issues the controls of its step again, and the mixtures that it undoes don't crowd out those of its checkpoint.
 */
export const newestRules = 2

/** Runs of before rules had versions say nothing. */
export const rulesOf = ({ rules = 1 }: Pick<RunState, 'rules'>): number => rules
