import type { ValueTransformer } from 'typeorm'

/** bigint columns whose values are checked to be safe integers where they come in; the driver reads them as text. */
export const wholeNumber: ValueTransformer = {
  to: (value: unknown) => value,
  from: (value: string | null) => (value === null ? null : Number(value)),
}
