/** Names of fields that only explain others in words, such as `alignmentMeaning`. */
const prose = /(meaning|notes?|why|description)$/i

/** The hyperparameters a driver knows, as its `settings`: these, and any prose. */
export const known = (...names) => ({ includes: (key) => names.includes(key) || prose.test(key) })

/** Settings that say something: null stands for a switch that is off or does not apply, for which the default stands. */
export const given = (settings) =>
  Object.fromEntries(
    Object.entries(settings).filter(([key, value]) => value !== null && value !== undefined && !prose.test(key)),
  )

/** Whether a recording follows the formula of the paper rather than a published program. */
export const isOfPaper = ({ rule = '', hyperparameters }) =>
  hyperparameters?.variant ? /paper/i.test(hyperparameters.variant) : /\bpaper\b/i.test(rule)

/** The first of several names for the same thing that an object has, null included. */
export const named = (object, ...names) => object?.[names.find((name) => object[name] !== undefined)]
