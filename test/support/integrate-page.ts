import { readFileSync } from 'node:fs'

export const integratePage = readFileSync(new URL('../../docs/integrate.md', import.meta.url), 'utf8')

/** The blocks of a language under a heading of docs/integrate.md, joined: what a reader would type, one after the other. */
export function blocksUnder(heading: string, language: string): string {
  const [, section = ''] = integratePage.split(`\n## ${heading}\n`)
  const [own = ''] = section.split(/\n## /)
  const blocks = [...own.matchAll(new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 'gs'))].map(
    ([, code]) => code!,
  )
  if (blocks.length === 0) throw new Error(`docs/integrate.md has no ${language} block under "${heading}".`)
  return blocks.join('\n')
}
