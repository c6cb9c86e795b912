/** Clamps a number so far inside the range of doubles that sums and differences of a great many stay finite. */
export function keepFinite(value: number): number {
  return Math.min(Math.max(value, -1e290), 1e290)
}
