/** A step beyond this is taken for a mistake: it would close every open step and make all that follows late. */
const farthestJump = 1_000_000

/** What is wrong with a step this far from the newest of its attempt (−1 before the first, which may be any); undefined when nothing is. */
export function stepTooFar(step: number, newest: number): string | undefined {
  if (newest < 0 || step - newest <= farthestJump) return undefined
  return `losses.measured: step ${step} lies more than ${farthestJump} steps ahead of ${newest}, the newest so far.`
}
