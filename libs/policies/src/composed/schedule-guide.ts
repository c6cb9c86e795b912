import type { Guide } from '../policy.js'

/** The documentation of `schedule`, which is longer than that of a single rule. */
export const scheduleGuide: Guide = {
  avoidWhen:
    'The right moment to change cannot be said beforehand, neither as a position nor as a loss or score to reach: then a rule that reads losses all the time serves better. A share of the run needs a horizon; where the end is open, or may move, give steps, tokens or conditions.',
  mathematics: [
    'A phase holds any policy that sets sampling probabilities. Its policy begins when the phase does, from the mixture then in force, and sees the step numbers of the run; so a warm-up counted in steps inside a later phase counts from the start of the run. The last phase has no end.',
    'Positions of the run: until.steps is the last step of a phase, until.tokens counts tokens of all domains, until.share is of the declared horizon, in tokens where it has them and in steps otherwise. The step that reaches a position still belongs to the phase that ends there; a position of 0 skips its phase; a report that jumps over several positions skips the phases between them. A run that goes back to a checkpoint goes back to the phase, the counts and the conditions it had there.',
    'Lengths: until.after counts steps, tokens or a share of the horizon from the step that ended the phase before.',
    'Conditions: until.loss waits for the held-out or training loss of a domain, until.score for a task, to be at most `below` or at least `above` in `patience` measurements in a row; a measurement that is missing neither counts nor breaks the row. until.used waits for the steps, tokens or passes of a domain in this phase. What was reached stays reached until the phase ends. until.any and until.all combine conditions, also with positions, two levels deep. A phase can end at an evaluation between two steps.',
    'Budgets: a domain that has used its steps, tokens or passes, in the run (budgets) or in the phase (phases[].budgets), leaves: its weight is exactly 0 and the others share it, wᵢ / Σⱼ wⱼ over those that are left. A phase in which every domain with weight has left ends; the last one holds.',
    'Domains: a phase that names domains gives all others exactly 0. Its policy knows only the named ones, with mixtures renormalised among them. The part `phase` is what leaving the others out changes.',
    'Transition: w = (1 − s) · w₀ + s · w*, where w₀ is the mixture in force when the phase began, w* what its policy asks for, and s how much of transition.over is gone (linear), or (1 − cos πs) / 2 of it (cosine). The parts of the policy count s-fold; the part `transition` is the rest. It moves at the cadence of decisions.',
    'Cycles: repeat goes through the phases so often, or for ever. Every phase then ends after a length or by a condition; after the last round the last phase stays.',
    'Controls: settings of a phase go to the trainer beside those of its policy, with the number of the phase (and of the round). A policy that only sets controls may be a phase as well: the mixture stays, and its settings are passed on with the title of the phase.',
    'Presets: { preset: { name, …parameters } } in place of phases. They are domain-upsampling, cooldown, cyclic-curriculum, replay, easy-to-hard, interventions, domain-budgets and multi-stage; each becomes phases when the run starts, and the run keeps these phases.',
  ],
  cost: 'A step costs what the policy of the phase costs, and a sum over K tokens; with budgets four more numbers a domain, with named domains a copy of the step. State: that of the policy and the start of the run, the phases of a preset, and the counts of budgets. Nothing grows with the length of the run.',
  absentDomains:
    'The policy of the phase is told of them as of any step. They have no tokens, so they use no budget, and no training loss, so a condition on it waits.',
  differences: [
    'Published schedules are lists of mixtures by steps or tokens; conditions, budgets and cycles are ours.',
    'The two published schedules that are only a change of weights, Cooldown and domain upsampling, have no official code; both switch at a position inclusively, as their texts say.',
    'A schedule inside a schedule counts tokens, and a share of a horizon in tokens, from its own beginning; steps are always those of the run. Say until.after where that matters.',
    'Loss multipliers are refused: phases share one mixture, which has one meaning.',
  ],
}
