import { test } from 'tap'
import { countFitting } from '../../src/repositories/page-size.ts'

const texts = { title: 200, description: 10_000 }

test('a page has as many items as fit into 1 MiB of JSON', (t) => {
  const long = { title: 'a', description: '\u0001'.repeat(10_000) }
  const none = { title: 'b', description: null }
  const items = (...parts: [number, typeof long | typeof none][]) =>
    parts.flatMap(([count, one]) => Array(count).fill(one))
  t.equal(countFitting(items([17, long]), texts), 17)
  t.equal(countFitting(items([18, long]), texts), 17)
  t.equal(countFitting(items([50, none], [17, long]), texts), 67)
  t.equal(countFitting(items([17, long], [100, none], [1, long]), texts), 95)
  t.equal(countFitting([], texts), 0)
  t.end()
})
