import { test } from 'tap'
import { countFitting } from '../../src/repositories/page-size.ts'

test('as many items fit as 1 MiB of JSON holds', (t) => {
  const long = { title: 'a', description: '\u0001'.repeat(10_000) }
  const none = { title: 'b', description: null }
  const items = (...parts: [number, typeof long | typeof none][]) =>
    parts.flatMap(([count, one]) => Array(count).fill(one))
  t.equal(countFitting(items([17, long])), 17)
  t.equal(countFitting(items([18, long])), 17)
  t.equal(countFitting(items([50, none], [17, long])), 67)
  t.equal(countFitting(items([17, long], [100, none], [1, long])), 95)
  t.equal(countFitting([]), 0)
  t.end()
})
