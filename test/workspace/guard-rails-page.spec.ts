import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { parseTrainerEvent, trainerEventExamples } from '@mixdesk/contracts'
import { checkGuards } from '@mixdesk/mixture'

it('docs/guard-rails.md shows guards that a run may have', () => {
  const page = readFileSync(new URL('../../docs/guard-rails.md', import.meta.url), 'utf8')
  const [, shown] = /```json\n([^`]+)```/.exec(page) ?? []
  const domains = ['web', 'books', 'code', 'talks'].map((name) => ({ name, tokens: 1_000_000 }))
  const data = { ...trainerEventExamples['run.started'], domains, guards: JSON.parse(shown!) as object }
  const parsed = parseTrainerEvent({ type: 'mixdesk.run.started.v1', name: 'run.started', data })
  if (!parsed.ok || parsed.value.name !== 'run.started') throw new Error('It is refused.')
  expect(checkGuards(parsed.value.data.guards!, domains)).toEqual([])
})
