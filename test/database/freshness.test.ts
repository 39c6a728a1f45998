import { test } from 'tap'
import { createFreshness, hasReached, type Position, positionOf } from '../../src/database/freshness.ts'
import { startApp } from '../helpers/app.ts'

/** A fake primary, a replica that lags by a number of checks, and a manual clock. */
function start(timeout?: number) {
  const state = { behind: 0, questions: 0, looks: 0, elapsed: 0, error: undefined as Error | undefined }
  const asked: Position[] = []
  const freshness = createFreshness({
    async position() {
      state.questions += 1
      if (state.error) throw state.error
      return { lsn: `0/${state.questions}`, timeline: 1 }
    },
    async hasReached(position) {
      asked.push(position)
      state.looks += 1
      state.behind -= 1
      if (state.behind >= 0) state.elapsed += 10
      return state.behind < 0
    },
    elapsed: () => state.elapsed,
    ...(timeout !== undefined && { timeout })
  })
  return { ...freshness, state, asked }
}

test('a replica that has replayed all acknowledged writes is fresh', async (t) => {
  const { isFresh, state, asked } = start()
  t.equal(await isFresh(), true)
  t.equal(await isFresh(), true)
  t.strictSame(
    asked.map(({ lsn }) => lsn),
    ['0/1', '0/2'],
    'each time it is asked about what is acknowledged by then'
  )
  t.equal(state.looks, 2)
})

test('a replica slightly behind is awaited', async (t) => {
  // Four waits of a millisecond take longer than the usual time on a busy machine.
  const { isFresh, state } = start(60_000)
  state.behind = 4
  t.equal(await isFresh(), true)
  t.equal(state.looks, 5)
})

test('a replica that stays behind is not fresh, and left unused for a while', async (t) => {
  const { isFresh, state } = start()
  state.behind = 1_000
  t.equal(await isFresh(), false)
  const { questions } = state
  state.behind = 0
  t.equal(await isFresh(), false)
  t.equal(state.questions, questions, 'nobody was asked')
  state.elapsed += 250
  t.equal(await isFresh(), true)
})

test('a server without an answer counts as not fresh', async (t) => {
  const { isFresh, state } = start()
  state.error = new Error('down')
  t.equal(await isFresh(), false)
})

test('concurrent callers share one check that begins after their calls', async (t) => {
  const { isFresh, state } = start()
  const answers = await Promise.all(Array.from({ length: 100 }, isFresh))
  t.ok(answers.every((fresh) => fresh))
  t.equal(state.questions, 2, 'the first did not wait for the others')
})

test('a server that is not a replica counts as not fresh', async (t) => {
  const { app } = await startApp(t)
  const position = await positionOf(app.db)
  t.match(position, { lsn: /^[\dA-F]+\/[\dA-F]+$/, timeline: 1 })
  t.equal(await hasReached(app.db, position), false)
})
