import { mock } from 'node:test'
import { test } from 'tap'
import { watchStandstill } from '../../../src/auth/throttle/standstill.ts'

test('a standstill of more than 200 ms is detected by either clock', async (t) => {
  mock.timers.enable({ apis: ['setInterval'] })
  t.teardown(() => mock.timers.reset())
  const times = [0, 0]
  const watch = watchStandstill([() => times[0] ?? 0, () => times[1] ?? 0])
  function move(elapsed: number, clock: number): void {
    times[0] = (times[0] ?? 0) + elapsed
    times[1] = (times[1] ?? 0) + clock
  }
  const moves: [string, [number, number], number][] = [
    ['no time', [0, 0], 0],
    ['a busy moment', [200, 200], 0],
    ['stopped', [201, 201], 1],
    ['and running', [200, 200], 1],
    ['suspended', [5, 3_600_000], 2],
    ['the time of day set back', [5, -3_600_000], 2],
    ['stopped while it was set back', [201, -5], 3]
  ]
  for (const [what, steps, count] of moves) {
    move(...steps)
    t.equal(watch.count(), count, what)
  }

  for (let i = 0; i < 20; i += 1) {
    move(100, 100)
    mock.timers.tick(100)
  }
  t.equal(watch.count(), 3, 'a heartbeat tells two seconds of running from a standstill')
  watch.stop()
  for (let i = 0; i < 20; i += 1) {
    move(100, 100)
    mock.timers.tick(100)
  }
  t.equal(watch.count(), 4, 'and has an end')
})
