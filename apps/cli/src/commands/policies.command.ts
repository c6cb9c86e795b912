import { Command } from 'commander'
import { policies } from '@mixdesk/policies'
import { action } from '../command.js'

export const policiesCommand = (): Command =>
  new Command('policies').description('list the policies there are').action(
    action(({ terminal, json }) => {
      const listed = policies.map(({ name, version, title, purpose, meaning, cites, defaults, schema }) => ({ name, version, title, purpose, meaning, cites, defaults: defaults as unknown, schema }))
      if (json) terminal.printJson(listed)
      else
        terminal.table(
          [{ name: 'policy', least: 8 }, { name: 'version', align: 'right' }, { name: 'weights are', least: 12 }, { name: 'purpose', least: 24 }],
          listed.map(({ name, version, meaning, purpose }) => [name, String(version), meaning === 'lossMultiplier' ? 'factors on the loss' : 'sampling probabilities', purpose]),
        )
      return Promise.resolve()
    }),
  )
