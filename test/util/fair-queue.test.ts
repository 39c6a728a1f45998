import { test } from 'tap'
import { createFairQueue } from '../../src/util/fair-queue.ts'

/** A queue whose jobs have names: `ann 1` belongs to the key `ann`. */
function start(bounds: { slots: number; perKey: number; waiting: number }) {
  const queue = createFairQueue(bounds)
  const started: string[] = []
  const starts = new Map<string, () => void>()
  const keyOf = (name: string) => name.split(' ')[0] as string
  return {
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

test('beyond its queue limit a key is refused, other keys are not', (t) => {
  const { enter } = start({ slots: 1, perKey: 1, waiting: 2 })
  t.strictSame(enter('ann 1', 'ann 2', 'ann 3', 'ann 4', 'ben 1'), [true, true, true, false, true])
  t.end()
})

test('an abandoned job leaves no trace', (t) => {
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
