import { mock } from 'node:test'
import { type Test, test } from 'tap'
import { memoryOf, watchPressure } from '../src/pressure.ts'

/** A process under a clock that is moved by hand. */
function start(t: Test) {
  const now = { elapsed: 0, heap: 0.1, memory: 0.1 }
  mock.timers.enable({ apis: ['setInterval'] })
  const { state, start, stop } = watchPressure(
    () => now,
    () => now.elapsed
  )
  t.teardown(() => {
    stop()
    mock.timers.reset()
  })
  start()
  const pass = (late = 0) => {
    now.elapsed += 250 + late
    mock.timers.tick(250)
    return state.reason
  }
  return { now, pass, state }
}

test('a process that can breathe is under no pressure', async (t) => {
  const { pass } = start(t)
  for (let i = 0; i < 10; i += 1) t.equal(pass(i % 2 ? 400 : 0), undefined)
})

test('one long pause is no pressure, two in a row are, and one look after it is over', async (t) => {
  const { pass } = start(t)
  t.equal(pass(5_000), undefined)
  t.equal(pass(), undefined)
  t.equal(pass(600), undefined)
  t.equal(pass(600), 'event loop')
  t.equal(pass(600), 'event loop')
  t.equal(pass(), undefined)
})

for (const what of ['heap', 'memory'] as const)
  test(`too little ${what} left is pressure for as long as it lasts`, async (t) => {
    const { now, pass } = start(t)
    now[what] = 0.95
    t.equal(pass(), undefined)
    t.equal(pass(), what)
    now[what] = 0.8
    t.equal(pass(), undefined)
  })

test('this process leaves room', async (t) => {
  const { heap, memory } = memoryOf(1)
  t.ok(heap > 0 && heap < 0.9, `heap ${heap}`)
  t.ok(memory > 0 && memory < 0.9, `memory ${memory}`)
  t.ok(memoryOf(4).memory > memory * 3, 'of what four share it has a quarter')
})
