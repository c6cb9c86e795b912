/** Freezes a value of plain JSON through and through, and returns it: whoever changes it then throws. */
export function deepFreeze<T>(value: T): T {
  // What is frozen already is gone through all the same: its members may not be.
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(deepFreeze)
  return value
}
