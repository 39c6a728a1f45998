import { mock } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { type Test, test } from 'tap'
import { createFairQueue, networksOf } from '../../../src/auth/passwords/fair-queue.ts'

const runTime = 200

/** A queue whose runs each take 200 ms of a clock that moves when one ends. */
function start(t: Test, { concurrency = 1, limitAddresses = true } = {}) {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => mock.timers.reset())
  let now = 0
  const queue = createFairQueue({ concurrency, estimate: runTime, limitAddresses, clock: () => now })
  const running: { address: string; end: () => void }[] = []
  const ran: string[] = []

  /** What becomes of work of an address. */
  const ask = (address: string, { handicap = 0, useful = false } = {}) => {
    const asked = now
    return queue
      .run(
        address,
        async ({ discount }) => {
          ran.push(address)
          if (useful) discount()
          await new Promise<void>((end) => running.push({ address, end }))
        },
        handicap
      )
      .then(
        () => now - asked,
        ({ status, reason }) => `${status} ${reason ?? ''}`.trim()
      )
  }
  const pass = (milliseconds: number) => {
    now += milliseconds
    mock.timers.tick(milliseconds)
  }
  /** Lets the run that began first end. */
  async function endOne() {
    await setImmediate()
    pass(runTime)
    running.shift()?.end()
    await setImmediate()
  }
  async function endAll() {
    await setImmediate()
    while (running.length > 0) await endOne()
  }
  return { queue, ask, pass, endOne, endAll, ran }
}

test('with an address that always has work waiting, another is served ten of ten times within two runs', async (t) => {
  const { ask, endOne } = start(t)
  const flood = () => void Array.from({ length: 20 }, () => ask('203.0.113.9'))
  flood()
  for (let i = 0; i < 10; i++) {
    const victim = ask('198.51.100.1')
    let done = false
    void victim.then(() => {
      done = true
    })
    while (!done) {
      flood()
      await endOne()
    }
    t.ok(Number(await victim) <= 2 * runTime, `${await victim} ms`)
  }
})

test('addresses that always have work waiting get equal shares', async (t) => {
  const { ask, endOne, ran } = start(t)
  for (let i = 0; i < 60; i++) {
    for (const address of ['192.0.2.1', '198.51.100.1', '203.0.113.1']) void ask(address)
    await endOne()
  }
  const counts = Object.values(Object.groupBy(ran, (address) => address)).map((runs) => runs?.length)
  t.equal(counts.length, 3)
  for (const count of counts) t.ok(Number(count) >= 19 && Number(count) <= 22, `${count} of 61`)
})

test('a flood from a whole network, each address once, does not keep out a newcomer from elsewhere', async (t) => {
  for (const flooder of [
    (i: number) => `203.0.${Math.floor(i / 250)}.${i % 250}`,
    (i: number) => `2001:db8:${i.toString(16)}:1::`
  ]) {
    const { ask, endOne } = start(t)
    let count = 0
    const flood = (size: number) => void Array.from({ length: size }, () => ask(flooder(count++)))
    flood(1)
    for (let i = 0; i < 50; i++) {
      flood(5)
      await endOne()
    }
    const newcomer = ask('198.51.100.1')
    let done = false
    void newcomer.then(() => {
      done = true
    })
    while (!done) {
      flood(5)
      await endOne()
    }
    t.ok(Number(await newcomer) <= 2 * runTime, `${await newcomer} ms`)
    mock.timers.reset()
  }
})

test('one address waits in as many places as get their turn in time; the next is told to come back', async (t) => {
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

test('when all places are taken whoever has used most is refused, and no memory is held for more', async (t) => {
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

test('without limits one address takes all places', async (t) => {
  const { ask, queue, endAll } = start(t, { limitAddresses: false })
  const answers = Array.from({ length: 65 }, () => ask('192.0.2.1'))
  t.equal(queue.waiting, 64)
  t.equal(await ask('192.0.2.1'), '503 hash queue full')
  await endAll()
  t.equal(await answers[0], runTime)
})

test('who waits two seconds is told to come back', async (t) => {
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

test('work with a handicap yields to other work, but not to an address that floods', async (t) => {
  const { ask, endAll, ran } = start(t)
  void ask('203.0.113.9')
  void ask('203.0.113.9')
  void ask('192.0.2.1', { handicap: 0.5 })
  void ask('198.51.100.1')
  await endAll()
  t.strictSame(ran, ['203.0.113.9', '198.51.100.1', '192.0.2.1', '203.0.113.9'])
})

test('an address whose work was useful goes before one whose work was not', async (t) => {
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

test('what an address has used is forgotten with time', async (t) => {
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

test('idle work runs when nobody waits, each key once, and not more than fits', async (t) => {
  const { queue, ask, endOne, endAll } = start(t)
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
  t.equal(done.at(-1), 'later', 'at once where nothing runs')
})

test('three runners serve an address that nobody else competes with', async (t) => {
  const { ask, queue, endAll } = start(t, { concurrency: 3 })
  const answers = Array.from({ length: 6 }, () => ask('192.0.2.1'))
  t.strictSame([queue.running, queue.waiting], [3, 3])
  await endAll()
  t.notOk((await Promise.all(answers)).some((answer) => typeof answer === 'string'))
})

test('work that fails frees its place', async (t) => {
  const { queue, ask, endAll } = start(t)
  await t.rejects(
    queue.run('192.0.2.1', () => Promise.reject(new Error('it failed'))),
    { message: 'it failed' }
  )
  const answer = ask('192.0.2.1')
  await endAll()
  t.equal(await answer, runTime)
})

test('the networks around an address', (t) => {
  t.strictSame(networksOf('192.0.2.1'), ['192.0.2.1', '192.0.2', '192.0'])
  t.strictSame(networksOf('2001:db8:1:2::'), ['2001:db8:1:2::', '2001:db8:1', '2001:db8'])
  t.strictSame(networksOf('2001:db8::'), ['2001:db8::', '2001:db8:0', '2001:db8'])
  t.strictSame(networksOf('2001:0:0:1::'), ['2001:0:0:1::', '2001:0:0', '2001:0'])
  t.end()
})
