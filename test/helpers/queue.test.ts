import { test } from 'tap'
import { takeFrom } from './queue.ts'

test('of two processes that take from one folder, each gets what the other has not taken', (t) => {
  const folder = t.testdir({})
  const items = ['a', 'b', 'c', 'd', 'e']
  const [one, other] = [takeFrom(folder, items), takeFrom(folder, items)]
  t.equal(one.next().value, 'a')
  t.equal(other.next().value, 'b')
  t.equal(other.next().value, 'c')
  t.strictSame([...one], ['d', 'e'])
  t.strictSame([...other], [])
  t.end()
})

test('a folder that is missing is an error, not an empty queue', (t) => {
  t.throws(() => [...takeFrom(`${t.testdirName}/none`, ['a'])], { code: 'ENOENT' })
  t.end()
})
