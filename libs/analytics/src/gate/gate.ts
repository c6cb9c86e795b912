import { bad, good, type Outcome } from '@mixdesk/contracts'
import { lex, type Token } from './lexer.js'
import { forbiddenDatabases, forbiddenWords, isForbiddenName, readable, rowMakers } from './words.js'

const longest = 65_536
const tables = new Set(readable)
const endOfFrom = new Set([
  'WHERE',
  'PREWHERE',
  'GROUP',
  'HAVING',
  'ORDER',
  'LIMIT',
  'OFFSET',
  'FETCH',
  'UNION',
  'EXCEPT',
  'INTERSECT',
  'WINDOW',
  'QUALIFY',
  'SELECT',
  'WITH',
])
const allowed = `Read from ${readable.join(', ')}, from a WITH name, or from a subquery.`

/** What may stand where, inside one pair of brackets. */
type Scope = { place: 'elsewhere' | 'tables' | 'expressions' }

/**
 * Whether a person's SQL may run: one SELECT over our tables and nothing else. Gives the text for the engine, free of
 * comments, or the sentence that says what to write instead. It is one wall of three: the connection is read-only
 * and limited, and a server grants its reader nothing but SELECT on this database.
 */
export function gate(text: string): Outcome<string> {
  if (text.length > longest)
    return bad(`The query has ${text.length} characters; at most ${longest} are taken.`)
  const lexed = lex(text)
  if (!lexed.ok) return lexed
  const tokens = [...lexed.value.tokens]
  let sql = lexed.value.sql
  if (is(tokens.at(-1), ';')) {
    tokens.pop()
    sql = sql.slice(0, sql.lastIndexOf(';'))
  }
  const first = tokens[0]
  if (first === undefined) return bad('The query is empty; write one SELECT.')
  if (!isQuery(first))
    return bad(`A query begins with SELECT or WITH, not with ${show(first)}; only reading is possible here.`)
  const because = checkWords(tokens) ?? checkPlaces(tokens, namesOfWith(tokens))
  return because === undefined ? good(sql) : bad(because)
}

function checkWords(tokens: readonly Token[]): string | undefined {
  for (const [i, token] of tokens.entries()) {
    if (is(token, ';')) return 'One statement at a time: take out the semicolon and what follows it.'
    if (forbiddenDatabases.has(token.text.toLowerCase()) && is(tokens[i + 1], '.'))
      return `The database ${show(token)} is not readable. ${allowed}`
    if (token.kind === 'word' && forbiddenWords.has(token.upper))
      return `${token.upper} is not taken; write one SELECT that reads, without it (a column of that name goes in backticks).`
    if (token.kind !== 'word' && token.kind !== 'name') continue
    if (isForbiddenName(token.text))
      return `${show(token)} is not available: it could reach beyond the history. Functions over columns (aggregates, mathematics, arrays, texts, times) are.`
  }
  return undefined
}

/** Names that WITH gives to subqueries. */
function namesOfWith(tokens: readonly Token[]): ReadonlySet<string> {
  const names = new Set<string>()
  for (const [i, token] of tokens.entries()) {
    if (token.upper !== 'AS' || token.kind !== 'word') continue
    const before = tokens[i - 1]
    const inside = tokens[i + 1]?.upper === 'MATERIALIZED' ? i + 2 : i + 1
    if (
      before !== undefined &&
      isIdentifier(before) &&
      is(tokens[inside], '(') &&
      isQuery(tokens[inside + 1])
    )
      names.add(before.text)
  }
  return names
}

function checkPlaces(tokens: readonly Token[], withNames: ReadonlySet<string>): string | undefined {
  const scopes: Scope[] = [{ place: 'elsewhere' }]
  for (const [i, token] of tokens.entries()) {
    const scope = scopes.at(-1)!
    if (is(token, '(') || is(token, '[')) scopes.push({ place: 'elsewhere' })
    else if (is(token, ')') || is(token, ']')) {
      scopes.pop()
      if (scopes.length === 0) return 'A bracket closes that was never opened; balance the brackets.'
    } else if (is(token, ',') && scope.place === 'tables')
      return 'Tables joined by a comma are not taken; write JOIN … ON, or put USING columns in brackets.'
    if (token.kind !== 'word') continue
    if (token.upper === 'FROM' && tokens[i - 1]?.upper !== 'DISTINCT') {
      scope.place = 'tables'
      const because = checkTable(tokens, i + 1, withNames)
      if (because !== undefined) return because
    } else if (token.upper === 'JOIN') {
      const isArray = tokens[i - 1]?.upper === 'ARRAY'
      scope.place = isArray ? 'expressions' : 'tables'
      const because = isArray ? undefined : checkTable(tokens, i + 1, withNames)
      if (because !== undefined) return because
    } else if (token.upper === 'IN') {
      const because = checkIn(tokens, i + 1, withNames)
      if (because !== undefined) return because
    } else if (endOfFrom.has(token.upper)) scope.place = 'elsewhere'
  }
  return scopes.length === 1 ? undefined : 'A bracket that opens is not closed; balance the brackets.'
}

/** What follows FROM or JOIN. */
function checkTable(
  tokens: readonly Token[],
  at: number,
  withNames: ReadonlySet<string>,
): string | undefined {
  let i = at
  while (is(tokens[i], '(')) i++
  const token = tokens[i]
  if (token === undefined) return `A table is missing at the end. ${allowed}`
  if (i > at)
    return isQuery(token)
      ? undefined
      : `A bracket after FROM or JOIN holds a SELECT, not ${show(token)}. ${allowed}`
  if (!isIdentifier(token)) return `${show(token)} cannot stand after FROM or JOIN. ${allowed}`
  if (is(tokens[i + 1], '.'))
    return `Tables are named without a database: ${show(token)}. is not taken. ${allowed}`
  if (is(tokens[i + 1], '('))
    return rowMakers.has(token.text.toLowerCase())
      ? undefined
      : `The table function ${show(token)} is not available; numbers(n) is. ${allowed}`
  return tables.has(token.text) || withNames.has(token.text)
    ? undefined
    : `There is no table ${show(token)} to read. ${allowed}`
}

/** `x IN name` reads a table of that name, with or without brackets. */
function checkIn(tokens: readonly Token[], at: number, withNames: ReadonlySet<string>): string | undefined {
  let i = at
  while (is(tokens[i], '(')) i++
  const token = tokens[i]
  if (token === undefined || !isIdentifier(token) || isQuery(token)) return undefined
  let end = i
  while (is(tokens[end + 1], '.')) end += 2
  const alone = i === at ? !is(tokens[end + 1], '(') : is(tokens[end + 1], ')')
  if (!alone || (end === i && (tables.has(token.text) || withNames.has(token.text)))) return undefined
  return `After IN, ${show(token)} would be read as a table. Write a list of values, a subquery, or has(array, value).`
}

const is = (token: Token | undefined, text: string): boolean =>
  token?.kind === 'symbol' && token.text === text
const isIdentifier = (token: Token): boolean => token.kind === 'word' || token.kind === 'name'
const isQuery = (token: Token | undefined): boolean =>
  token?.kind === 'word' && (token.upper === 'SELECT' || token.upper === 'WITH')
const show = (token: Token): string => `“${token.text.slice(0, 60)}”`
