import { mock } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { test } from 'tap'
import { runTime, startQueue as start } from '../../helpers/hash-queue.ts'

test('an address with one job waits for at most two runs beside an address that always has jobs waiting', async (t) => {
  const { ask, endUntil } = start(t)
  const flood = () => void Array.from({ length: 20 }, () => ask('203.0.113.9'))
  flood()
  for (let i = 0; i < 10; i++) {
    const waited = await endUntil(ask('198.51.100.1'), flood)
    t.ok(Number(waited) <= 2 * runTime, `${waited} ms`)
  }
})

test('addresses that always have jobs waiting get equal shares', async (t) => {
  const { ask, endOne, ran } = start(t)
  for (let i = 0; i < 60; i++) {
    for (const address of ['192.0.2.1', '198.51.100.1', '203.0.113.1']) void ask(address)
    await endOne()
  }
  const counts = Object.values(Object.groupBy(ran, (address) => address)).map((runs) => runs?.length)
  t.equal(counts.length, 3)
  for (const count of counts) t.ok(Number(count) >= 19 && Number(count) <= 22, `${count} of 61`)
})

test('a flood from a network, each address once, does not block a new address from elsewhere', async (t) => {
  for (const flooder of [
    (i: number) => `203.0.${Math.floor(i / 250)}.${i % 250}`,
    (i: number) => `2001:db8:${i.toString(16)}:1::`
  ]) {
    const { ask, endOne, endUntil } = start(t)
    let count = 0
    const flood = (size: number) => void Array.from({ length: size }, () => ask(flooder(count++)))
    flood(1)
    for (let i = 0; i < 50; i++) {
      flood(5)
      await endOne()
    }
    const waited = await endUntil(ask('198.51.100.1'), () => flood(5))
    t.ok(Number(waited) <= 2 * runTime, `${waited} ms`)
    mock.timers.reset()
  }
})

test('a job with a handicap yields to other jobs, but not to an address that floods', async (t) => {
  const { ask, endAll, ran } = start(t)
  void ask('203.0.113.9')
  void ask('203.0.113.9')
  void ask('192.0.2.1', { handicap: 0.5 })
  void ask('198.51.100.1')
  await endAll()
  t.strictSame(ran, ['203.0.113.9', '198.51.100.1', '192.0.2.1', '203.0.113.9'])
})

test('an address with discounted jobs precedes one without', async (t) => {
  const { ask, endAll, ran } = start(t)
  for (const [address, useful] of [
    ['203.0.113.9', false],
    ['198.51.100.1', true],
    ['198.51.100.1', true]
  ] as const) {
    void ask(address, { useful })
    await endAll()
  }
  ran.length = 0
  void ask('192.0.2.1')
  void ask('203.0.113.9')
  void ask('198.51.100.1')
  await endAll()
  t.strictSame(ran, ['192.0.2.1', '198.51.100.1', '203.0.113.9'])
})

test('the recorded use of an address decays', async (t) => {
  const { ask, endAll, ran, pass } = start(t)
  for (let i = 0; i < 5; i++) {
    void ask('203.0.113.9')
    await endAll()
  }
  pass(10 * 60_000)
  void ask('198.51.100.1')
  await endAll()
  ran.length = 0
  void ask('192.0.2.1')
  void ask('198.51.100.1')
  void ask('203.0.113.9')
  await endAll()
  t.strictSame(ran, ['192.0.2.1', '203.0.113.9', '198.51.100.1'])
})

test('idle jobs run when the queue is empty, one per key, up to a limit', async (t) => {
  const { queue, ask, pass, endOne, endAll } = start(t)
  const done: string[] = []
  void ask('192.0.2.1')
  const asked = ask('198.51.100.1')
  for (const key of ['a', 'b', 'a', ...Array.from({ length: 200 }, (_, i) => `more ${i}`)])
    queue.whenIdle(key, async () => done.push(key))
  await endOne()
  t.equal(done.length, 0)
  await endAll()
  await asked
  t.strictSame(done.slice(0, 2), ['a', 'b'])
  t.equal(done.length, 100)
  queue.whenIdle('later', async () => done.push('later'))
  await setImmediate()
  t.not(done.at(-1), 'later', 'not beside the response of the login that asks for it')
  pass(100)
  await setImmediate()
  t.equal(done.at(-1), 'later')
})

test('an idle job does not run beside another job', async (t) => {
  const { queue, ask, pass, endAll } = start(t)
  const done: string[] = []
  void ask('192.0.2.1')
  queue.whenIdle('a', async () => done.push('a'))
  pass(100)
  await setImmediate()
  t.strictSame(done, [])
  await endAll()
  t.strictSame(done, ['a'])
})

test('three runners serve an address without competition', async (t) => {
  const { ask, queue, endAll } = start(t, { concurrency: 3 })
  const answers = Array.from({ length: 6 }, () => ask('192.0.2.1'))
  t.strictSame([queue.running, queue.waiting], [3, 3])
  await endAll()
  t.notOk((await Promise.all(answers)).some((answer) => typeof answer === 'string'))
})

test('a failed job frees its runner', async (t) => {
  const { queue, ask, endAll } = start(t)
  await t.rejects(
    queue.run('192.0.2.1', () => Promise.reject(new Error('it failed'))),
    { message: 'it failed' }
  )
  const answer = ask('192.0.2.1')
  await endAll()
  t.equal(await answer, runTime)
})
