import { test } from 'tap'
import { runTime, startQueue as start } from '../../helpers/hash-queue.ts'

test('an address may queue as many jobs as can run in time; the next one gets 429', async (t) => {
  const { ask, endAll, queue } = start(t)
  const answers = Array.from({ length: 13 }, () => ask('192.0.2.1'))
  t.strictSame([queue.running, queue.waiting], [1, 10])
  t.equal(await answers[11], '429')
  t.equal(await answers[12], '429')
  const other = ask('198.51.100.1')
  await endAll()
  t.equal(typeof (await other), 'number')
  t.equal(await answers[10], '503 hash queue slow')
})

test('a full queue refuses the job of the address with the most use, and memory stays bounded', async (t) => {
  const { ask, endAll, endOne, queue } = start(t)
  void ask('203.0.113.9')
  await endOne()
  const running = ask('192.0.2.1')
  const flooder = ask('203.0.113.9')
  const many = Array.from({ length: 63 }, (_, i) => ask(`198.${i}.100.1`))
  t.equal(queue.waiting, 64)
  const newcomer = ask('192.168.1.1')
  t.equal(await flooder, '503 hash queue full')
  t.equal(queue.waiting, 64)
  t.equal(await ask('203.0.113.9'), '503 hash queue full', 'nor does the flooder push out anybody')
  await endAll()
  t.equal(await running, runTime)
  t.ok((await Promise.all(many)).some((answer) => answer === '503 hash queue slow'))
  await newcomer
})

test('without limits one address can fill the queue', async (t) => {
  const { ask, queue, endAll } = start(t, { limitAddresses: false })
  const answers = Array.from({ length: 65 }, () => ask('192.0.2.1'))
  t.equal(queue.waiting, 64)
  t.equal(await ask('192.0.2.1'), '503 hash queue full')
  await endAll()
  t.equal(await answers[0], runTime)
})

test('a job that waits two seconds is refused with Retry-After', async (t) => {
  const { ask, pass, endAll } = start(t)
  const [running, late] = [ask('192.0.2.1'), ask('198.51.100.1')]
  pass(1_999)
  const later = ask('198.51.100.2')
  pass(1)
  t.equal(await late, '503 hash queue slow')
  await endAll()
  t.equal(await running, 2_000 + runTime)
  t.equal(await later, 2 * runTime + 1)
})

test('the longest wait of a job is configurable', async (t) => {
  const { ask, pass, endAll } = start(t, { maxWait: 9_000 })
  const [, late] = [ask('192.0.2.1'), ask('198.51.100.1')]
  pass(8_999)
  const later = ask('198.51.100.2')
  pass(1)
  t.equal(await late, '503 hash queue slow')
  await endAll()
  t.equal(typeof (await later), 'number')
})

test('an address within its budget does not wait for one that exceeds it', async (t) => {
  const { ask, endOne, endAll, queue } = start(t, { concurrency: 2 })
  for (let i = 0; i < 12; i++) {
    void ask('203.0.113.9')
    await endOne()
  }
  await endAll()
  const flood = [ask('203.0.113.9'), ask('203.0.113.9')]
  t.strictSame([queue.running, queue.waiting], [1, 1])
  const newcomer = ask('198.51.100.1')
  t.strictSame([queue.running, queue.waiting], [2, 1])
  await endAll()
  await Promise.all(flood)
  t.ok(Number(await newcomer) <= 2 * runTime)
})
