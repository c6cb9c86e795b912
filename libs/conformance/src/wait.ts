/** Something that changes, and tells so. */
export type Changing = { onChange(tell: () => void): () => void }

/** Resolves with true once the condition holds, with false when the time is over or `ended` comes first. */
export function whenever(
  source: Changing,
  holds: () => boolean,
  patienceMs: number,
  ended?: Promise<unknown>,
): Promise<boolean> {
  return new Promise((resolve) => {
    let open = true
    const settle = () => {
      if (!open) return
      open = false
      clearTimeout(timer)
      forget()
      resolve(holds())
    }
    const look = () => {
      if (holds()) settle()
    }
    const timer = setTimeout(settle, patienceMs)
    const forget = source.onChange(look)
    void ended?.then(settle)
    look()
  })
}
