/** A value, or the sentence that says why there is none. */
export type Outcome<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly because: string }
export const good = <T>(value: T): Outcome<T> => ({ ok: true, value })
export const bad = (because: string): { readonly ok: false; readonly because: string } => ({
  ok: false,
  because,
})
