import type { Json } from '../../policy.js'
import { budgetProblems } from '../schedule-budget.js'
import type { Budget } from '../schedule-config.js'
import { budgetsSchema } from '../schedule-schema.js'
import type { SchedulePreset } from '../schedule-preset.js'

type DomainBudgets = {
  readonly budgets: Readonly<Record<string, Budget>>
  readonly policy: string
  readonly config: Readonly<Record<string, Json>>
}

export const domainBudgets: SchedulePreset<DomainBudgets> = {
  name: 'domain-budgets',
  title: 'Budgets of domains',
  cites: ['arXiv:2304.09151', 'arXiv:2305.16264'],
  describe:
    'Mixes by any policy, and takes a domain out once it has had its steps, tokens or passes; the others share its weight in their proportions. UniMax caps the passes over small languages for the same reason: about 4 passes over the same text are nearly as good as new text, many more are worth little. UniMax fixes its weights beforehand so that no cap is exceeded; here a domain is used as it is mixed, and then leaves.',
  defaults: { budgets: {}, policy: 'static', config: {} },
  schema: {
    type: 'object',
    properties: {
      budgets: budgetsSchema(
        'How much of a domain the run may use, by name; domains left out have no limit.',
      ),
      policy: { description: 'Name of the policy that mixes.', type: 'string', minLength: 1 },
      config: { description: 'Its configuration.', type: 'object' },
    },
    additionalProperties: false,
  },
  check: ({ budgets }, start) =>
    Object.keys(budgets).length === 0
      ? ['budgets: expected the budget of a domain, got none; name the domains that are to leave.']
      : budgetProblems('budgets', budgets, start.domains),
  needs: ({ policy, config }) => [{ policy, config }],
  build: ({ budgets, policy, config }) => ({ phases: [{ policy, config }], budgets }),
}
