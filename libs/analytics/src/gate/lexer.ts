import { bad, good, type Outcome } from '@mixdesk/contracts'

export type Token = {
  /** `name` is a quoted identifier: never a keyword. */
  readonly kind: 'word' | 'name' | 'string' | 'number' | 'symbol'
  /** As written; of a `name`, what is between the quotes. */
  readonly text: string
  /** In upper case for words, so that keywords compare; otherwise as `text`. */
  readonly upper: string
}
export type Lexed = {
  readonly tokens: readonly Token[]
  /** The text with comments taken out: what the engine gets to see. */ readonly sql: string
}

const space = /[ \t\r\n]+/y
const word = /[A-Za-z_][A-Za-z0-9_]*/y
const number = /(?:0[xX][0-9a-fA-F]+|0[bB][01]+|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)/y
const string = /'(?:[^'\\]|\\[^]|'')*'/y
// A backslash inside could mean one thing here and another in the engine, so there is none.
const name = /`([^`\\]*)`|"([^"\\]*)"/y
const lineComment = /--[^\n]*/y
const blockComment = /\/\*[^]*?\*\//y
const symbol = /->|::|<=|>=|<>|!=|==|\|\||[()[\],.+\-*/%=<>?:;]/y

/**
 * Cuts SQL into tokens. It knows less than the engine on purpose: whatever the two might read differently
 * (heredocs, curly quotes, `#` comments, backslashes in names, a number that runs into a word) is refused.
 */
export function lex(text: string): Outcome<Lexed> {
  const tokens: Token[] = []
  let sql = ''
  let at = 0
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = at
    const match = pattern.exec(text)
    if (match === null) return undefined
    at += match[0].length
    return match
  }
  while (at < text.length) {
    const start = at
    if (take(space) !== undefined) sql += text.slice(start, at)
    else if (take(lineComment) !== undefined || take(blockComment) !== undefined) sql += ' '
    else {
      const token = text.startsWith('/*', at) ? undefined : nextToken(take)
      if (token === undefined) return bad(unreadable(text, at))
      if (token.kind === 'number' && /[A-Za-z0-9_.]/.test(text[at] ?? ''))
        return bad(
          `A number runs into a word at “${text.slice(start, start + 20)}”; put a space between them.`,
        )
      tokens.push(token)
      sql += text.slice(start, at)
    }
  }
  return good({ tokens, sql })
}

function nextToken(take: (pattern: RegExp) => RegExpExecArray | undefined): Token | undefined {
  let match = take(word)
  if (match !== undefined) return { kind: 'word', text: match[0], upper: match[0].toUpperCase() }
  if ((match = take(number)) !== undefined) return { kind: 'number', text: match[0], upper: match[0] }
  if ((match = take(string)) !== undefined) return { kind: 'string', text: match[0], upper: match[0] }
  if ((match = take(name)) !== undefined) {
    const inside = match[1] ?? match[2] ?? ''
    return { kind: 'name', text: inside, upper: inside }
  }
  if ((match = take(symbol)) !== undefined) return { kind: 'symbol', text: match[0], upper: match[0] }
  return undefined
}

function unreadable(text: string, at: number): string {
  const character = String.fromCodePoint(text.codePointAt(at) ?? 0)
  if (character === "'")
    return 'A text that begins with a single quote does not end; close it with a single quote.'
  if (character === '"' || character === '`')
    return 'A quoted name does not end, or has a backslash in it; close it, and use plain names.'
  if (text.startsWith('/*', at)) return 'A comment that begins with /* does not end; close it with */.'
  if (character === '{' || character === '}')
    return 'Curly brackets are not taken; write map(key, value) for a map, and values in place of parameters.'
  return `The character ${JSON.stringify(character)} is not taken outside of texts; use letters, digits, the usual operators, single quotes for texts, and -- or /* */ for comments.`
}
