import { expect, it } from 'vitest'
import { byDomainProblems } from './by-domain.js'

const domains = [{ name: 'web' }, { name: 'constructor' }]

it('finds nothing wrong with one number for every domain', () => {
  expect(byDomainProblems('reference', { web: 1, constructor: 2 }, domains)).toEqual([])
})

it('names domains that are not there, and domains without a number', () => {
  expect(byDomainProblems('reference', { web: 1, code: 2 }, domains)).toEqual([
    'reference: expected names of domains of this run, got code as well; correct or remove them.',
    'reference: expected a number for every domain of this run, got none for constructor; add them.',
  ])
})
