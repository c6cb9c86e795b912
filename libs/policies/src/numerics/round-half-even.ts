/** The nearest whole number; a half goes to the even neighbour, as NumPy and Python round. */
export function roundHalfEven(value: number): number {
  const below = Math.floor(value)
  const beyond = value - below
  // Adding 0 turns -0 into 0.
  if (beyond !== 0.5) return (beyond < 0.5 ? below : below + 1) + 0
  return (below % 2 === 0 ? below : below + 1) + 0
}
