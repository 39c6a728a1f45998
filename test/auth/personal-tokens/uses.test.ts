import { mock } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { type Test, test } from 'tap'
import { createUses } from '../../../src/auth/personal-tokens/uses.ts'

const minute = 60_000
const start = Date.UTC(2026, 10, 27, 10, 15, 30)

function fixture(t: Test) {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => mock.timers.reset())
  const written: [readonly string[], readonly string[]][] = []
  const state = { now: start, error: undefined as Error | undefined }
  async function touch(ids: readonly string[], minutes: readonly string[]) {
    written.push([ids, minutes])
    if (state.error) throw state.error
    return { rows: [] }
  }
  async function pass(milliseconds: number) {
    state.now += milliseconds
    mock.timers.tick(milliseconds)
    await setImmediate()
  }
  return { ...createUses({ touch }, () => state.now), written, state, pass }
}

test('many uses of many tokens are one statement a minute, and a process without uses writes nothing', async (t) => {
  const { note, written, pass } = fixture(t)
  await pass(10 * minute)
  t.strictSame(written, [])
  for (let i = 0; i < 100; i++) note(i % 2 ? 'a' : 'b')
  t.strictSame(written, [], 'not at the use')
  await pass(minute)
  t.strictSame(written, [
    [
      ['b', 'a'],
      ['2026-11-27T10:25:00.000Z', '2026-11-27T10:25:00.000Z']
    ]
  ])
  await pass(10 * minute)
  t.equal(written.length, 1)
})

test('a use that could not be written is written with the next one, or with a later use of the same token', async (t) => {
  const { note, write, written, state, pass } = fixture(t)
  state.error = new Error('no database')
  note('a')
  note('b')
  await pass(minute)
  t.equal(written.length, 1)
  state.error = undefined
  note('b')
  await write()
  t.strictSame(written.at(-1), [
    ['a', 'b'],
    ['2026-11-27T10:15:00.000Z', '2026-11-27T10:16:00.000Z']
  ])
  await write()
  t.equal(written.length, 2, 'nothing is left')
})

test('a use during a write that fails keeps its later time', async (t) => {
  const { note, write, written, state } = fixture(t)
  state.error = new Error('no database')
  note('a')
  const writing = write()
  state.now += minute
  note('a')
  await writing
  state.error = undefined
  await write()
  t.strictSame(written.at(-1), [['a'], ['2026-11-27T10:16:00.000Z']])
})
