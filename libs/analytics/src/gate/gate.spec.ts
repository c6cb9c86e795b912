import { describe, expect, it } from 'vitest'
import { gate } from './gate.js'

const legitimate = [
  'SELECT * FROM losses',
  `select step, loss from losses where run = 'r' and domain = 'web' order by step;`,
  'SELECT domain, avg(loss) FROM losses GROUP BY domain HAVING count() > 3 ORDER BY 2 DESC LIMIT 5',
  '-- how it went\nSELECT step /* of the run */, loss FROM losses -- and no more',
  'WITH best AS (SELECT domain, min(loss) AS loss FROM losses GROUP BY domain) SELECT * FROM best JOIN losses USING (domain, loss)',
  'WITH 0.5 AS half SELECT domain FROM mixtures WHERE requested > half',
  'SELECT l.step, d.weight FROM losses AS l ASOF LEFT JOIN decisions AS d ON l.run = d.run AND l.domain = d.domain AND l.step >= d.from_step',
  "SELECT run FROM runs WHERE run IN (SELECT run FROM decisions) AND status NOT IN ('failed', 'stopped')",
  "SELECT i, l FROM observations FINAL ARRAY JOIN domains AS i, loss_sum AS l WHERE run = 'r'",
  'SELECT quantiles(0.5, 0.9)(loss) FROM losses',
  'SELECT arrayMap((x, y) -> x / y, loss_sum, tokens) FROM observations LIMIT 3',
  'SELECT step, avg(loss) OVER (PARTITION BY domain ORDER BY step ROWS BETWEEN 9 PRECEDING AND CURRENT ROW) FROM losses',
  "SELECT 'drop table runs; -- into outfile', `because` FROM holds",
  'SELECT number FROM numbers(10) UNION ALL SELECT 1',
  "SELECT JSONExtractFloat(params, 'seed')::Float64 AS seed FROM runs",
  "SELECT * FROM (SELECT domain, parts['excessLoss'] AS pull FROM decisions) WHERE pull != 0",
  'SELECT * EXCEPT (notes) FROM runs',
  'SELECT a FROM losses WHERE a IS NOT DISTINCT FROM b',
  'SELECT if(loss > 1e-3, 1.5, .5 + 2) FROM losses WHERE step BETWEEN 1 AND 2',
]

const attacks = [
  ['', 'empty'],
  ['DROP TABLE observations', 'SELECT or WITH'],
  ['INSERT INTO losses VALUES (1)', 'SELECT or WITH'],
  ['SET readonly = 0', 'SELECT or WITH'],
  ['SHOW TABLES', 'SELECT or WITH'],
  ['(SELECT 1)', 'SELECT or WITH'],
  ['EXPLAIN SELECT 1', 'SELECT or WITH'],
  ['SELECT 1; DROP TABLE observations', 'One statement'],
  ['SELECT 1; SELECT 2;', 'One statement'],
  ["SELECT 1 INTO OUTFILE '/tmp/x'", 'INTO'],
  ["SELECT 1) INTO OUTFILE '/tmp/x' FORMAT CSV; SELECT * FROM (SELECT 2", 'INTO'],
  ['SELECT 1) SETTINGS readonly = 0 --', 'SETTINGS'],
  ['SELECT 1) UNION ALL (SELECT 2', 'never opened'],
  ['SELECT (1', 'not closed'],
  ['SELECT 1 SETTINGS max_execution_time = 0', 'SETTINGS'],
  ['SELECT 1 FORMAT Native', 'FORMAT'],
  ['SELECT * FROM system.tables', 'system'],
  ['SELECT * FROM `system`.tables', 'system'],
  ['SELECT * FROM "system"."users"', 'system'],
  ['SELECT * FROM mixdesk.losses', 'without a database'],
  ['SELECT * FROM information_schema.tables', 'information_schema'],
  ['SELECT * FROM other', 'no table'],
  ['SELECT * FROM schema_migrations', 'no table'],
  ['SELECT * FROM losses, system.tables', 'system'],
  ['SELECT * FROM losses, runs', 'comma'],
  ['SELECT * FROM losses JOIN system.tables ON 1', 'system'],
  ['SELECT * FROM losses GLOBAL ANY LEFT JOIN secrets USING x', 'no table'],
  ['SELECT (SELECT count() FROM secrets)', 'no table'],
  ['SELECT 1 WHERE 1 IN (SELECT x FROM secrets)', 'no table'],
  ['SELECT 1 WHERE 1 IN secrets', 'After IN'],
  ['SELECT 1 WHERE 1 IN (secrets)', 'After IN'],
  ['SELECT 1 WHERE 1 NOT IN ((other.secrets))', 'After IN'],
  ["SELECT * FROM file('/etc/passwd')", 'file'],
  ["SELECT file('/etc/passwd')", 'file'],
  ["SELECT `file`('/etc/passwd')", 'file'],
  ['SELECT "FILE" (\'/etc/passwd\')', 'FILE'],
  ["SELECT fi/**/le('/etc/passwd') FROM file/* */('x')", 'file'],
  ["SELECT 'a' APPLY file", 'file'],
  ["SELECT * APPLY(file) FROM (SELECT '/etc/passwd')", 'file'],
  ["SELECT * FROM url('http://x/', CSV)", 'url'],
  ["SELECT * FROM s3('http://x/')", 's3'],
  ["SELECT * FROM remote('127.0.0.1', losses)", 'remote'],
  ["SELECT * FROM mysql('h', 'd', 't', 'u', 'p')", 'mysql'],
  ["SELECT * FROM executable('x', CSV, 'a String')", 'executable'],
  ["SELECT * FROM merge('.*')", 'merge'],
  ['SELECT * FROM generateRandom()', 'table function'],
  ['SELECT * FROM (file)', 'file'],
  ['SELECT * FROM (VALUES (1))', 'holds a SELECT'],
  ["SELECT * FROM 'losses'", 'cannot stand'],
  ["SELECT dictGet('d', 'a', 1)", 'dictGet'],
  ["SELECT joinGet('t', 'a', 1)", 'joinGet'],
  ['SELECT sleep(3)', 'sleep'],
  ['SELECT sleepEachRow(1) FROM losses', 'sleepEachRow'],
  ["SELECT getSetting('readonly')", 'getSetting'],
  ["SELECT hasColumnInTable('h', 'd', 't', 'c')", 'hasColumnInTable'],
  ['SELECT currentUser()', 'currentUser'],
  ['SELECT $$a$$ FROM losses', '$'],
  ['SELECT ‘a’ FROM losses', '‘'],
  ['SELECT 1 # FROM losses', '#'],
  ['SELECT * FROM {t:Identifier}', 'Curly'],
  ['SELECT 1FROM secrets', 'number runs into'],
  ["SELECT 'open FROM losses", 'does not end'],
  ['SELECT /* open FROM losses', 'does not end'],
  ['SELECT `a\\`, 1 FROM secrets -- ` FROM losses', 'backslash'],
  ['SELECT "open FROM losses', 'does not end'],
  ['KILL QUERY WHERE 1', 'SELECT or WITH'],
  ['SELECT * FROM (SHOW TABLES)', 'SHOW'],
  ['FROM losses SELECT 1', 'SELECT or WITH'],
  [`SELECT ${'1,'.repeat(40_000)}1`, 'at most'],
] as const

describe('the gate for SQL', () => {
  it.each(legitimate)('lets through: %s', (sql) => {
    expect(gate(sql)).toMatchObject({ ok: true })
  })

  it.each(attacks)('refuses: %s', (sql, words) => {
    const answer = gate(sql)
    expect(answer).toMatchObject({ ok: false, because: expect.stringContaining(words) })
    // A refusal is a sentence that a person can act on.
    expect(!answer.ok && answer.because).toMatch(/^[A-Z“].{20,}\.$/s)
  })

  it('hands on the text without comments, so that the engine cannot read them in another way', () => {
    expect(gate('SELECT 1 -- )\n + /* ; */ 2;')).toEqual({ ok: true, value: 'SELECT 1  \n +   2' })
  })
})
