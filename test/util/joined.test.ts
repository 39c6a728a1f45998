import { test } from 'tap'
import { joined } from '../../src/util/joined.ts'

test('concurrent calls are joined into one load, and those that arrive during it into the next', async (t) => {
  const loads: number[][] = []
  const gates: (() => void)[] = []
  const double = joined(async (keys: number[]) => {
    loads.push(keys)
    await new Promise<void>((resolve) => gates.push(resolve))
    return keys.map((key) => 2 * key)
  })
  const first = [double(1), double(2)]
  await new Promise(setImmediate)
  const second = [double(3), double(4), double(5)]
  t.strictSame(loads, [[1, 2]])
  gates[0]?.()
  t.strictSame(await Promise.all(first), [2, 4])
  await new Promise(setImmediate)
  t.strictSame(loads, [
    [1, 2],
    [3, 4, 5]
  ])
  gates[1]?.()
  t.strictSame(await Promise.all(second), [6, 8, 10])
  const third = double(6)
  await new Promise(setImmediate)
  gates[2]?.()
  t.equal(await third, 12, 'afterwards')
})

test('a call that fails does not fail the others', async (t) => {
  const invert = joined(async (keys: number[]) =>
    keys.map((key) => {
      if (key === 0) throw new Error('zero')
      return 1 / key
    })
  )
  const [one, zero, two] = await Promise.allSettled([invert(1), invert(0), invert(2)])
  t.match([one, two], [{ value: 1 }, { value: 0.5 }])
  t.match(zero, { reason: { message: 'zero' } })
  await t.rejects(invert(0), { message: 'zero' }, 'alone')
  t.equal(await invert(4), 0.25)
})
