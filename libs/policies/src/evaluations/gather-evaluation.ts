/** What one evaluation measured by column, gathered from the messages that carried it; `null` where it measured nothing. */
export type Gathered = { readonly step: number; readonly losses: readonly (number | null)[] }

/**
 * Trainers may report an evaluation in several messages, a domain or a task at a time. A message of the step of the
 * evaluation before that speaks only of what that one left out continues it (`continues`); any other begins a new one.
 * Undefined where a message holds no number that is finite.
 */
export function gather(
  before: Gathered | null,
  step: number,
  measured: readonly (number | null | undefined)[],
): { readonly newest: Gathered; readonly continues: boolean } | undefined {
  // Adding 0 turns -0, which JSON cannot carry, into 0.
  const losses = measured.map((loss) => (typeof loss === 'number' && Number.isFinite(loss) ? loss + 0 : null))
  if (losses.every((loss) => loss === null)) return undefined
  const continues =
    before !== null &&
    before.step === step &&
    losses.every((loss, i) => loss === null || before.losses[i] === null)
  if (!continues) return { newest: { step, losses }, continues }
  return { newest: { step, losses: losses.map((loss, i) => loss ?? before.losses[i]!) }, continues }
}
