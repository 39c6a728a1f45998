import { EventEmitter, once } from 'node:events'
import { setImmediate } from 'node:timers/promises'
import { test } from 'tap'
import { closeOnce } from '../../src/process/workers.ts'
import { type FakeWorker, listening, startFakeWorkers as start } from '../helpers/workers.ts'

test('the other workers start when the first one listens', async (t) => {
  const { all, workers, last } = start(3)
  t.strictSame(
    workers.map(({ place }) => place),
    [1]
  )
  last().emit('message', { metrics: {} })
  last().emit('message', listening)
  t.equal(await all.first, listening.listening)
  last().emit('message', listening)
  t.strictSame([...all.workers.keys()], [1, 2, 3])
  t.equal(workers.length, 3)
})

test('if the first worker cannot listen, it is not retried, and its reason is reported', async (t) => {
  const { all, workers, last } = start(3)
  last().emit('message', { failed: 'The port is taken' })
  last().emit('exit', 1, null)
  await t.rejects(all.first, { message: 'The port is taken' })
  const other = start(2)
  other.last().emit('exit', null, 'SIGKILL')
  await t.rejects(other.all.first, { message: 'The first worker ended (SIGKILL).' })
  const third = start(2)
  third.last().emit('exit', 9, null)
  await t.rejects(third.all.first, { message: 'The first worker ended (9).' })
  t.equal(workers.length, 1)
})

test('a worker that is killed or ended is always replaced', async (t) => {
  const { all, last, next, lines, pauses, hopeless } = start(2)
  last().emit('message', listening)
  let worker = last()
  const ends: [number | null, string | null][] = [
    [null, 'SIGKILL'],
    [0, null]
  ]
  for (const [code, signal] of ends)
    for (let i = 0; i < 10; i++) {
      t.equal(worker.place, 2)
      const successor = next()
      worker.emit('exit', code, signal)
      worker = await successor
    }
  t.equal(all.workers.get(2), worker)
  t.match(lines[2], { msg: 'a worker ended', worker: 2, code: null, signal: 'SIGKILL' })
  t.strictSame(new Set(pauses), new Set([100]), 'none of these is a failure to start')
  t.strictSame(hopeless, [])
})

test('a worker that ends late has not failed to start', async (t) => {
  const { last, next, pass, hopeless } = start(1)
  last().emit('message', listening)
  for (let i = 0; i < 10; i++) {
    pass(10_000)
    const successor = next()
    last().emit('exit', 1, null)
    await successor
  }
  t.strictSame(hopeless, [])
})

test('after repeated failures of a worker the service gives up', async (t) => {
  const { last, next, pass, pauses, forked, hopeless, workers } = start(2)
  last().emit('message', listening)
  let worker = last()
  for (let i = 0; i < 4; i++) {
    pass(9_999)
    const successor = next()
    worker.emit('message', { failed: 'no memory' })
    worker.emit('exit', 1, null)
    worker = await successor
  }
  const told = once(forked, 'hopeless')
  worker.emit('exit', 1, null)
  await told
  t.match(hopeless, [{ message: 'Worker 2 failed 5 times, each within 10 s of its start.' }])
  t.equal(workers.length, 6)
  t.strictSame(pauses, [200, 400, 800, 1_600], 'each pause is twice as long as the one before')
})

test('all workers end on request, and none is replaced', async (t) => {
  const { all, workers, last, lines } = start(2)
  last().emit('message', listening)
  const [one, two] = workers as [FakeWorker, FakeWorker]
  two.emit('exit', 1, null)
  const closed = all.close(60_000)
  t.strictSame(one.signals, ['SIGTERM'])
  one.emit('exit', 0, null)
  await closed
  const ended = lines.filter(({ msg }) => msg === 'a worker ended')
  t.strictSame(
    ended.map(({ worker }) => worker),
    [2],
    'an end that was asked for is no error'
  )
  await all.close(60_000)
  // The same pause, begun later: the first one is over as well.
  const other = start(1)
  other.last().emit('message', listening)
  const replaced = other.next()
  other.last().emit('exit', 1, null)
  await replaced
  t.equal(workers.length, 2)
})

test('a close waits for the workers, also where all had ended at once and were replaced', async (t) => {
  const { all, last, next } = start(1)
  last().emit('message', listening)
  const replaced = next()
  last().emit('exit', null, 'SIGKILL')
  const successor = await replaced
  const closed = all.close(60_000).then(() => 'closed')
  t.equal(await Promise.race([closed, setImmediate('waiting')]), 'waiting')
  successor.emit('exit', 0, null)
  t.equal(await closed, 'closed')
})

test('a close while no worker runs ends at once', async (t) => {
  const { all, last } = start(1)
  last().emit('message', listening)
  last().emit('exit', null, 'SIGKILL')
  await t.resolves(all.close(1))
})

test('a worker that does not end is killed', async (t) => {
  const { all, last, lines } = start(1)
  await t.rejects(all.close(1))
  t.strictSame(last().signals, ['SIGTERM', 'SIGKILL'])
  t.match(lines.slice(1), [{ msg: 'a worker did not close in time', worker: 1, pid: 7 }])
})

test('a worker closes once, after any number of signals', async (t) => {
  const events = new EventEmitter()
  let closed = 0
  closeOnce(() => {
    closed += 1
  }, events)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGTERM']) events.emit(signal)
  t.equal(closed, 1)
})
