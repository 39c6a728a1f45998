import pg from 'pg'
import t, { test } from 'tap'
import { NamedQuery, type Outcome, type Value } from '../../src/database/named-query.ts'
import { getTypeParser } from '../../src/database/timestamps.ts'
import { until } from '../helpers/wait.ts'
import { wiredEngine } from '../helpers/wire.ts'

const { url, sockets, sent } = await wiredEngine(t)
const pool = new pg.Pool({ connectionString: url, max: 1, types: { getTypeParser } })
pool.on('error', () => {})
t.teardown(() => pool.end())
const removed: unknown[] = []
pool.on('remove', (client) => removed.push(client))
t.beforeEach(() => {
  removed.length = 0
})

const queries: { query: (query: NamedQuery) => Promise<Outcome> } = pool
let statements = 0
/** A statement with a unique name. */
function statement(text: string) {
  const name = `statement ${++statements}`
  return (...values: Value[]): Promise<Outcome> => queries.query(new NamedQuery(name, text, values))
}

const kinds = `select $1::text as text, $2::int as number, $3::bool as flag, $4::timestamptz as time,
  generate_series(1, $2::int) as n, '{"a":[1]}'::json as json, 1.50 as numeric`

test("rows equal those of pg's own query, whether the statement is prepared already or not", async (t) => {
  const run = statement(kinds)
  for (const values of [
    ['ÄÖ "\'\\\n', 2, true, '2026-11-20T20:08:04.123Z'],
    [null, 3, false, undefined],
    ['', 0, null, '1999-12-31T23:59:59+05']
  ] as const) {
    const { rows } = await pool.query(kinds, [...values])
    t.same((await run(...values)).rows, rows)
  }
})

test('columns are requested once per connection, and all messages are sent in one buffer', async (t) => {
  const run = statement('select $1::int as n')
  const letters = async () => {
    sent.length = 0
    await run(1)
    t.equal(sent.length, 1)
    const piece = sent[0] as Buffer
    let found = ''
    for (let at = 0; at < piece.length; at += 1 + piece.readInt32BE(at + 1))
      found += String.fromCharCode(Number(piece[at]))
    return found
  }
  t.equal(await letters(), 'CPBDES')
  t.equal(await letters(), 'BES')
  sockets.at(-1)?.destroy()
  await until('the pool to be empty', () => pool.totalCount === 0)
  t.equal(await letters(), 'CPBDES', 'on another connection')
})

test('an error of PostgreSQL is reported, and the connection stays usable', async (t) => {
  const number = statement('select $1::text::int as n')
  t.match(await number('x'), { rows: [], error: { code: '22P02', message: /invalid input/ } }, 'at the first run')
  t.same((await number('1')).rows, [{ n: 1 }])
  t.match(await number('y'), { rows: [], error: { code: '22P02' } }, 'at a later one')
  t.same((await number('2')).rows, [{ n: 2 }])
  t.match(await statement('select nonsense')(), { error: { code: '42703' } })
  const bound = statement('select $1::int as n')
  t.match(await bound('x'), { error: { code: '22P02' } }, 'where it was parsed and could not be bound')
  t.same((await bound('3')).rows, [{ n: 3 }])
  t.equal(removed.length, 0)
})

test('a statement whose columns changed their type is prepared again', async (t) => {
  await pool.query('create table changing (n varchar(5)); insert into changing values (7)')
  const run = statement('select n from changing')
  t.same((await run()).rows, [{ n: '7' }])
  await pool.query('alter table changing alter n type int using n::int')
  t.match(await run(), { error: { code: '0A000' } })
  t.same((await run()).rows, [{ n: 7 }])
})

test('concurrent queries each get their own result', async (t) => {
  const [double, half] = [statement('select $1::int * 2 as n'), statement('select $1::text::int / 2 as n')]
  const outcomes = await Promise.all(
    Array.from({ length: 100 }, (_, i) => (i % 10 === 0 ? half('x') : i % 2 ? double(i) : half(i)))
  )
  for (const [i, { rows, error }] of outcomes.entries())
    t.same(error?.code ?? rows, i % 10 === 0 ? '22P02' : [{ n: i % 2 ? i * 2 : i / 2 }])
})

test('a lost connection fails its query and is not used again', async (t) => {
  const run = statement('select $1::int as n')
  await run(1)
  const client = await pool.connect()
  client.release()
  ;(client as unknown as pg.Client).connection.stream.destroy()
  await t.rejects(run(2), /Connection terminated/)
  t.equal(removed.length, 1)
  t.same((await run(3)).rows, [{ n: 3 }])
})
