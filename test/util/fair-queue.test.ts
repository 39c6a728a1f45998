import { test } from 'tap'
import { createFairQueue } from '../../src/util/fair-queue.ts'

/** A queue whose jobs have names: `ann 1` belongs to the key `ann`. */
function start(bounds: { slots: number; perKey: number; waiting: number }) {
  const now = { ms: 0 }
  const queue = createFairQueue(bounds, () => now.ms)
  const started: string[] = []
  const starts = new Map<string, () => void>()
  const keyOf = (name: string) => name.split(' ')[0] as string
  return {
    now,
    queue,
    started,
    enter(...names: string[]) {
      return names.map((name) => {
        starts.set(name, () => started.push(name))
        return queue.enter(keyOf(name), starts.get(name) as () => void)
      })
    },
    abandon: (name: string) => queue.abandon(keyOf(name), starts.get(name) as () => void),
    leave: (...names: string[]) => names.forEach((name) => void queue.leave(keyOf(name)))
  }
}

test('a job starts at once if a slot is free', (t) => {
  const { enter, started, queue } = start({ slots: 3, perKey: 2, waiting: 9 })
  t.strictSame(enter('ann 1', 'ann 2', 'ben 1'), [true, true, true])
  t.strictSame(started, ['ann 1', 'ann 2', 'ben 1'])
  t.match(queue, { running: 3, waiting: 0 })
  t.end()
})

test('one key has at most its number of slots, even if others are free', (t) => {
  const { enter, started, leave, queue } = start({ slots: 3, perKey: 2, waiting: 9 })
  enter('ann 1', 'ann 2', 'ann 3', 'ben 1')
  t.strictSame(started, ['ann 1', 'ann 2', 'ben 1'])
  leave('ben 1')
  t.match(queue, { running: 2, waiting: 1 }, 'a place stays free')
  leave('ann 1')
  t.strictSame(started.slice(3), ['ann 3'])
  t.end()
})

test('keys take turns, however many jobs of one wait', (t) => {
  const { enter, started, leave } = start({ slots: 1, perKey: 1, waiting: 9 })
  enter('ann 1', 'ann 2', 'ann 3', 'ann 4', 'ben 1', 'ben 2', 'cleo 1')
  for (let i = 0; i < 7; i++) leave(started.at(-1) as string)
  t.strictSame(started, ['ann 1', 'ann 2', 'ben 1', 'cleo 1', 'ann 3', 'ben 2', 'ann 4'])
  t.end()
})

test('a key with long jobs does not delay the short jobs of others', (t) => {
  const { enter, started, leave, now } = start({ slots: 1, perKey: 1, waiting: 99 })
  const finish = () => {
    const name = started.at(-1) as string
    now.ms += name.startsWith('ann') ? 30 : 10
    leave(name)
  }
  enter(...Array.from({ length: 10 }, (_, i) => `ann ${i}`), ...Array.from({ length: 10 }, (_, i) => `ben ${i}`))
  for (let i = 0; i < 12; i++) finish()
  t.equal(started.slice(1, 13).filter((name) => name.startsWith('ben')).length, 9)
  t.end()
})

test('a key gets no credit for idle time', (t) => {
  const { enter, started, leave, now } = start({ slots: 1, perKey: 1, waiting: 99 })
  enter('ann 1', 'ann 2', 'ann 3')
  for (let i = 1; i < 3; i++) {
    now.ms += 1_000
    leave(`ann ${i}`)
  }
  enter('ben 1', 'ben 2', 'ann 4')
  now.ms += 10
  leave('ann 3')
  now.ms += 1_000
  leave('ben 1')
  t.strictSame(started.slice(3), ['ben 1', 'ann 4'], 'his idle time does not count')
  t.end()
})

/** Who comes first, after ann has used ten seconds and `others` keys no time, while a job of zoe runs. */
function firstAfter(others: number) {
  const { enter, started, leave, now } = start({ slots: 2, perKey: 1, waiting: 9 })
  enter('zoe 1', 'ann 1')
  now.ms += 10_000
  leave('ann 1')
  for (let i = 0; i < others; i++) {
    enter(`${i} 1`)
    leave(`${i} 1`)
  }
  enter('ben 1', 'ann 2', 'cleo 1')
  leave('ben 1')
  return started.at(-1)
}

test('the time that a key has used is remembered among many others, not among thousands', (t) => {
  t.equal(firstAfter(100), 'cleo 1')
  t.equal(firstAfter(3_000), 'ann 2')
  t.end()
})

test('beyond its queue limit a key is refused, other keys are not', (t) => {
  const { enter } = start({ slots: 1, perKey: 1, waiting: 2 })
  t.strictSame(enter('ann 1', 'ann 2', 'ann 3', 'ann 4', 'ben 1'), [true, true, true, false, true])
  t.end()
})

test('an abandoned job is neither started nor counted', (t) => {
  const { enter, abandon, leave, started, queue } = start({ slots: 1, perKey: 1, waiting: 2 })
  enter('ann 1', 'ann 2', 'ann 3', 'ben 1')
  abandon('ann 2')
  abandon('ben 1')
  t.equal(queue.waiting, 1)
  leave('ann 1')
  t.strictSame(started, ['ann 1', 'ann 3'])
  leave('ann 3')
  t.match(queue, { running: 0, waiting: 0 })
  abandon('ann 3')
  t.match(queue, { running: 0, waiting: 0 }, 'what has been and gone is no matter')
  t.end()
})

test('an abandoned job does not hold up the jobs of others', (t) => {
  const { enter, abandon, leave, started } = start({ slots: 1, perKey: 1, waiting: 2 })
  enter('ann 1', 'ben 1', 'cleo 1')
  abandon('ben 1')
  leave('ann 1')
  t.strictSame(started, ['ann 1', 'cleo 1'])
  t.end()
})

test('when all jobs have ended, the time used before does not count', (t) => {
  const { enter, leave, started, now } = start({ slots: 1, perKey: 1, waiting: 2 })
  enter('ann 1')
  now.ms += 10_000
  leave('ann 1')
  enter('ben 1', 'ann 2', 'cleo 1')
  leave('ben 1')
  t.strictSame(started, ['ann 1', 'ben 1', 'ann 2'])
  t.end()
})

test('a key whose job runs keeps its limit among thousands of others', (t) => {
  const { enter, leave, queue } = start({ slots: 2, perKey: 1, waiting: 9 })
  enter('zoe 1')
  for (let i = 0; i < 3_000; i++) {
    enter(`${i} 1`)
    leave(`${i} 1`)
  }
  enter('zoe 2')
  t.match(queue, { running: 1, waiting: 1 })
  t.end()
})

test('a key whose job waits keeps its limit among thousands of others', (t) => {
  const { enter, abandon } = start({ slots: 1, perKey: 1, waiting: 1 })
  enter('zoe 1', 'ann 1')
  for (let i = 0; i < 3_000; i++) {
    enter(`${i} 1`)
    abandon(`${i} 1`)
  }
  t.strictSame(enter('ann 2'), [false])
  t.end()
})
