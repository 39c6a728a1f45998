import { totalmem } from 'node:os'
import { mock } from 'node:test'
import { type Test, test } from 'tap'
import { memoryOf, watchPressure } from '../../src/process/pressure.ts'

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
})

const GiB = 2 ** 30
/** How full a process finds what `processes` share, where the system says so. */
function share(t: Test, { limit = GiB, left = GiB, rss = 0.2 * GiB, processes = 1 }: Record<string, number>) {
  mock.method(process, 'constrainedMemory', () => limit)
  mock.method(process, 'availableMemory', () => left)
  mock.method(process.memoryUsage, 'rss', () => rss)
  t.teardown(() => mock.restoreAll())
  return memoryOf(processes).memory
}

test('workers are not full for pages that they share, and that each counts', async (t) => {
  t.ok(share(t, { left: 0.2 * GiB, rss: 0.26 * GiB, processes: 4 }) < 0.9)
  t.ok(share(t, { left: 0.02 * GiB, rss: 0.26 * GiB, processes: 4 }) > 0.92)
})

test('a container is not full for files that it has read', async (t) => {
  t.ok(share(t, { left: 0, rss: 0.3 * GiB }) < 0.4)
  t.ok(share(t, { left: 0, rss: 0.95 * GiB }) > 0.92)
})

for (const [what, limit] of Object.entries({ nobody: 0, 'a limit beyond what there is': 2 ** 64 }))
  test(`restricted by ${what}, it is the machine that counts`, async (t) => {
    const memory = totalmem()
    t.ok(share(t, { limit, left: memory / 2, rss: memory * 0.9 }) < 0.6)
    t.ok(share(t, { limit, left: memory / 50, rss: memory * 0.95 }) > 0.92)
  })
