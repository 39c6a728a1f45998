import { test } from 'tap'
import { version } from 'uuid'
import { newId } from '../../src/util/ids.ts'

test('ids sort by creation, even within a millisecond, and are unique', async (t) => {
  const ids = Array.from({ length: 5_000 }, newId)
  t.equal(version(ids[0] as string), 7)
  t.strictSame(ids.toSorted(), ids)
  t.equal(new Set(ids).size, ids.length)
  const bits = new Set(ids.map((id) => id.slice(-8)))
  t.ok(bits.size > ids.length - 10, 'the rest is random')
})

test('an id contains its time, and never goes back with the clock', async (t) => {
  const timeOf = (id: string) => Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)
  const begin = Date.now()
  const [before, now] = [newId(), Date.now]
  t.ok(timeOf(before) >= begin && timeOf(before) <= Date.now())
  t.teardown(() => {
    Date.now = now
  })
  Date.now = () => begin - 60_000
  const after = newId()
  t.ok(after > before)
})
