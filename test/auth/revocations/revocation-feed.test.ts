import { test } from 'tap'
import { createRevocationFeed } from '../../../src/auth/revocations/revocation-feed.ts'
import { ALWAYS } from '../../../src/auth/revocations/revocation-table.ts'
import type { FeedPosition, FeedRow } from '../../../src/repositories/revocation-feed.ts'
import { settled, until } from '../../helpers/wait.ts'

const pageSize = 1_000
/** Readers who wait at the same time. */
const maxWaiting = 200

const long = 600_000
const { signal: never } = new AbortController()

/** A feed on a table in memory, whose snapshots are numbers of transactions. */
function start() {
  const rows: (FeedRow & { id: string; xid: number })[] = []
  const state = {
    ...{ xid: 1, queries: 0, fails: false, changed: () => {} },
    /** Transactions in progress. */
    running: [] as number[],
    /** What answers wait for, to queries that are asked from then on. */
    gate: Promise.resolve()
  }
  /** Transactions that are visible in a snapshot. */
  function visibleIn(snapshot: string) {
    const [, end = '', running = ''] = snapshot.split(':')
    return (xid: number) => xid < Number(end) && !running.split(',').includes(String(xid))
  }
  async function query<T>(result: T): Promise<T> {
    state.queries += 1
    if (state.fails) throw new Error('down')
    await state.gate
    return result
  }
  const repository = {
    snapshot: () => query(`${state.running[0] ?? state.xid}:${state.xid}:${state.running}`),
    between: async (seen: string | undefined, until: string, after: string, limit: number) => {
      // Not all rows each time: a test has tens of thousands.
      const from = seen === undefined ? 0 : rows.findLastIndex(({ xid }) => xid < Number(seen.split(':')[0])) + 1
      const [isSeen, isThere] = [seen === undefined ? () => false : visibleIn(seen), visibleIn(until)]
      const found = rows.slice(from).filter(({ xid, id }) => !isSeen(xid) && isThere(xid) && Number(id) > Number(after))
      return query(found.slice(0, limit))
    }
  }
  /** Commits revocations. `silently`: the process does not hear of them yet. */
  function revoke(count = 1, silently = false) {
    const keys = Array.from({ length: count }, () => `key ${rows.length}`)
    for (const key of keys)
      rows.push({ id: String(rows.length + 1), key, kind: null, cutoff: ALWAYS, expires: 9, xid: state.xid })
    state.xid += 1
    if (!silently) state.changed()
  }
  const open = () =>
    createRevocationFeed(repository, {
      onChange(listener) {
        state.changed = listener
      }
    })
  const feed = open()
  const read = (after: FeedPosition = {}, milliseconds = 0, signal = never) => feed.read(after, milliseconds, signal)
  return {
    state,
    rows,
    revoke,
    feed,
    open,
    read,
    waiting: (n: number) => until(`${n} readers`, () => feed.waiting === n)
  }
}

test('a reader without a position gets all, and then only what is new', async (t) => {
  const { revoke, read } = start()
  revoke(2)
  const first = await read()
  t.match(first, { rows: { length: 2 }, isMore: false })
  const second = await read(first.position)
  t.match(second, { rows: { length: 0 }, isMore: false })
  revoke()
  t.match(await read(second.position), { rows: { length: 1 } })
})

test('pages of a long list lose nothing that is committed meanwhile', async (t) => {
  const { revoke, read, rows } = start()
  revoke(2 * pageSize + 1)
  const got = new Set<string>()
  let position: FeedPosition = {}
  for (let pages = 1; ; pages++) {
    const page = await read(position, long)
    for (const row of page.rows) got.add((row as (typeof rows)[number]).id)
    position = page.position
    revoke()
    if (!page.isMore) {
      t.equal(pages, 3)
      break
    }
  }
  t.equal((await read(position)).rows.length, 3)
  t.equal(got.size, 2 * pageSize + 1)
})

test('one query answers all readers that wait, and those that come back at once', async (t) => {
  const { state, revoke, read, waiting } = start()
  const { position } = await read(undefined, 1)
  const first = Array.from({ length: 20 }, () => read(position, long))
  await waiting(20)
  state.queries = 0
  revoke()
  const pages = await Promise.all(first)
  t.ok(pages.every((page) => page.rows.length === 1 && !page.isMore))
  t.equal(state.queries, 2)
  const next = pages.map((page) => read(page.position, long))
  await waiting(20)
  t.equal(state.queries, 2)
  revoke()
  t.ok((await Promise.all(next)).every(({ rows }) => rows.length === 1))
  t.equal(state.queries, 4)
})

test('a revocation that is announced twice is read once', async (t) => {
  const { state, read, waiting } = start()
  const leaving = new AbortController()
  const waited = read({}, long, leaving.signal)
  await waiting(1)
  state.queries = 0
  state.changed()
  // Its two queries end after those of the announcement.
  await read()
  t.equal(state.queries, 1 + 2)
  leaving.abort()
  await waited
})

test('a revocation that is committed while the first reader reads is its answer', async (t) => {
  const { state, revoke, read } = start()
  const { promise, resolve } = Promise.withResolvers<void>()
  state.gate = promise
  const waited = read({}, long)
  revoke()
  resolve()
  t.match(await settled('the answer', waited), { rows: { length: 1 }, isMore: false })
})

test('a revocation whose transaction began before others that have ended reaches those that wait', async (t) => {
  const { state, rows, read, waiting } = start()
  const revocation = { id: '1', key: 'late', kind: null, cutoff: ALWAYS, expires: 9, xid: 1 }
  rows.push(revocation)
  Object.assign(state, { running: [1], xid: 3 })
  const waited = read({}, long)
  await waiting(1)
  state.running = []
  state.changed()
  t.match(await waited, { rows: [revocation], isMore: false, position: { seen: '3:3:' } })
})

test('a reader that already knows what this process has not heard of makes no other reader miss it', async (t) => {
  const { revoke, read, waiting } = start()
  const one = read({}, long)
  await waiting(1)
  revoke(1, true)
  const other = read({ seen: '2:2:' }, long)
  await waiting(2)
  revoke()
  t.match((await one).rows, [{ key: 'key 0' }, { key: 'key 1' }])
  t.match((await other).rows.at(-1), { key: 'key 1' })
})

test('of two concurrent first readers, one gets no rows and asks again, and no revocation is lost', async (t) => {
  const { revoke, read, waiting } = start()
  const both = [read({}, long), read({}, long)]
  const told = await Promise.race(both)
  t.match(told, { rows: { length: 0 }, isMore: true })
  await waiting(1)
  revoke()
  t.strictSame((await Promise.all(both)).map(({ rows }) => rows.length).sort(), [0, 1])
  t.match(await read(told.position, long), { rows: { length: 1 } })
})

test('a revocation that is committed between two requests is in the answer to the second', async (t) => {
  const { revoke, read, waiting } = start()
  const waited = read({}, long)
  await waiting(1)
  revoke()
  const { position } = await waited
  revoke()
  t.match(await read(position, long), { rows: { length: 1 } })
  const { position: later } = await read()
  revoke()
  t.match(await read(later, long), { rows: { length: 1 } })
})

test('a reader waits no longer than it asks for, and until its connection or the service ends', async (t) => {
  const { read, feed, waiting, revoke } = start()
  const { position } = await read()
  t.match(await read(position, 1), { rows: { length: 0 }, isMore: false })
  const leaving = new AbortController()
  const left = read(position, long, leaving.signal)
  await waiting(1)
  leaving.abort()
  await left
  t.equal(feed.waiting, 0)
  const gone = await settled('the answer', read(position, long, leaving.signal))
  t.match(gone, { rows: { length: 0 } }, 'its connection ended before it waited')
  const waited = read(position, long)
  await waiting(1)
  feed.close()
  t.match(await waited, { rows: { length: 0 } })
  t.match(await read(position, long), { rows: { length: 0 } }, 'closed')
  revoke()
  t.match(await read(position, long), { rows: { length: 1 } })
})

test('the number of waiting readers is bounded', async (t) => {
  const { read, feed, waiting } = start()
  const { position } = await read(undefined, 1)
  const leaving = new AbortController()
  const all = Array.from({ length: maxWaiting }, () => read(position, long, leaving.signal))
  await waiting(maxWaiting)
  const refused = t.rejects(read(position, long, leaving.signal), { status: 503, code: 'unavailable' })
  t.match(await read(position), { rows: { length: 0 } }, 'without waiting')
  leaving.abort()
  await refused
  await Promise.all(all)
  t.equal(feed.waiting, 0)
})

test('after very many revocations at once the readers read pages', async (t) => {
  const { revoke, read, waiting } = start()
  const waited = read({}, long)
  await waiting(1)
  revoke(pageSize)
  const page = await waited
  t.match(page, { rows: { length: 0 }, isMore: true })
  const next = await read(page.position, long)
  t.match(next, { rows: { length: pageSize }, isMore: true })
  t.match(await read(next.position), { rows: { length: 0 }, isMore: false })
})

test('very many revocations while a reader reads are not lost to it, if another reader has read them', async (t) => {
  const { state, revoke, read, waiting } = start()
  const first = read({}, long)
  await waiting(1)
  const { promise, resolve } = Promise.withResolvers<void>()
  state.gate = promise
  const slow = read({}, long)
  state.gate = Promise.resolve()
  revoke(pageSize)
  const page = await read((await first).position, long)
  t.match(page, { rows: { length: pageSize }, isMore: true })
  const leaving = new AbortController()
  const next = read(page.position, long, leaving.signal)
  await waiting(1)
  resolve()
  const late = await settled('the answer', slow)
  t.match(late, { rows: { length: 0 }, isMore: true })
  t.match(await read(late.position), { rows: { length: pageSize } })
  leaving.abort()
  await next
})

test('transactions that revoke nothing wake no reader', async (t) => {
  const { state, revoke, read, waiting, feed } = start()
  const { position } = await read(undefined, 1)
  const waited = read(position, long)
  await waiting(1)
  state.queries = 0
  state.xid += 1
  state.changed()
  await until('the queries', () => state.queries === 2)
  // This one waits only after the answer of these queries was handled.
  await read()
  t.equal(feed.waiting, 1)
  revoke()
  t.match(await waited, { rows: { length: 1 }, isMore: false })
})

test('a reader that is more than a page behind reads pages until it has all', async (t) => {
  const { revoke, read, waiting } = start()
  let tail = (await read({}, 1)).position
  const position = tail
  for (let i = 0; i < 3; i++) {
    const next = read(tail, long)
    await waiting(1)
    revoke(pageSize - 1)
    tail = (await next).position
  }
  const pages = [await read(position, long)]
  while (pages.at(-1)?.isMore && pages.length < 9) pages.push(await read(pages.at(-1)?.position, long))
  t.strictSame(
    pages.map(({ rows }) => rows.length),
    [pageSize, pageSize, pageSize - 3]
  )
  t.equal(new Set(pages.flatMap(({ rows }) => rows)).size, 3 * (pageSize - 1))
})

test('a page of revocations is kept for readers, and is not repeated to one that has read it by itself', async (t) => {
  const { state, revoke, read, waiting } = start()
  const { position } = await read({}, 1)
  let tail = position
  for (const count of [pageSize - 1, 1]) {
    const next = read(tail, long)
    await waiting(1)
    revoke(count)
    tail = (await next).position
  }
  const full = await read(position)
  t.match(full, { rows: { length: pageSize }, isMore: true })
  t.match(await read(full.position, 1), { rows: { length: 0 }, isMore: false })
  state.queries = 0
  t.match(await read(position, long), { rows: { length: pageSize }, isMore: false })
  t.equal(state.queries, 0)
})

test('a reader is answered without a query if its position is among the last 256 steps', async (t) => {
  const { state, revoke, read, waiting } = start()
  let tail = (await read()).position
  const tails: (typeof tail)[] = []
  for (let i = 0; i < 300; i++) {
    const next = read(tail, long)
    await waiting(1)
    revoke()
    tail = (await next).position
    tails.push(tail)
  }
  const queriesOf = async (position: typeof tail) => {
    const before = state.queries
    t.equal((await read(position, long)).rows.length, 299 - tails.indexOf(position))
    return state.queries - before
  }
  t.equal(await queriesOf(tails[44] as typeof tail), 0)
  t.ok((await queriesOf(tails[43] as typeof tail)) > 0)
  revoke()
  state.queries = 0
  t.match(await read(tails[44], long), { rows: { length: 256 }, isMore: false })
  t.equal(state.queries, 2, 'what is new is read for all')
})

test('a position of another process is continued, and one of another database starts from the beginning', async (t) => {
  const { revoke, read, open } = start()
  revoke(2)
  const { position } = await read()
  revoke()
  t.match(await open().read(position, long, never), { rows: { length: 1 } })
  t.match(await read({ seen: '900:900:' }), { rows: { length: 3 }, isMore: false })
  t.match(await read({ seen: '1:1:', until: '900:900:', id: '2' }), { rows: { length: 3 }, isMore: false })
})

/** A reader that waits with a position that the database does not reach when it is restored to transaction 10. */
async function withLaterPosition() {
  const started = start()
  started.revoke(5)
  started.state.xid = 50
  const { position } = await started.read()
  const waited = started.read(position, long)
  await started.waiting(1)
  return { ...started, position, waited }
}

test('a database that was restored makes the waiting readers begin again', async (t) => {
  const { state, read, waited } = await withLaterPosition()
  state.xid = 10
  state.changed()
  const page = await waited
  t.match(page, { rows: { length: 0 }, isMore: true })
  t.match(await read(page.position, long), { rows: { length: 5 } })
})

test('a reader that comes while a restored database is noticed begins again', async (t) => {
  const { state, read, position, waited } = await withLaterPosition()
  const { promise, resolve } = Promise.withResolvers<void>()
  state.gate = promise
  state.xid = 10
  for (let i = 0; i < 2; i++) state.changed()
  const late = read(position, long)
  resolve()
  t.match(await waited, { rows: { length: 0 }, isMore: true })
  t.match(await late, { rows: { length: 5 }, isMore: false, position: { seen: '10:10:' } })
})

test('a failing query is reported to who asks, and leaves those that wait', async (t) => {
  const { state, revoke, read, waiting } = start()
  const { position } = await read()
  const waited = read(position, long)
  await waiting(1)
  state.fails = true
  revoke()
  await t.rejects(read(), { message: 'down' })
  state.fails = false
  state.changed()
  const page = await waited
  t.match(page, { rows: { length: 1 } })
  state.fails = true
  revoke()
  await t.rejects(read(page.position, long), { message: 'down' })
  state.fails = false
  t.match(await read(page.position, long), { rows: { length: 1 } })
})
