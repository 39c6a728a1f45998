import { type Test, test } from 'tap'
import { excessOf, matchStrictly } from './strict-match.ts'

test('a list or a text in a value that is longer than the pattern is no match', (t) => {
  for (const [value, pattern, where] of [
    [{ items: [1] }, { items: [] }, '/items has 1 entries, not 0'],
    [[1, 2], [1], 'the list has 2 entries, not 1'],
    [[{ event: 'login.failed' }], [{ event: 'login' }], '/0/event is "login.failed", not "login"'],
    [{ seed: new Uint8Array(2) }, { seed: Buffer.alloc(0) }, '/seed has other bytes']
  ] as const)
    t.equal(excessOf(value, pattern), where)
  for (const [value, pattern] of [
    ['a text', 'text'],
    [{ event: 'login.failed', more: 1 }, { event: /^login/ }],
    [{ items: [{ a: 1, b: 2 }] }, { items: [{ a: Number }] }],
    [
      { hash: Buffer.alloc(2), none: null },
      { hash: Buffer.alloc(2), none: null }
    ],
    [undefined, { a: 'x' }]
  ] as const)
    t.equal(excessOf(value, pattern), undefined)
  t.end()
})

test('a strict match fails where tap’s own passes', (t) => {
  const failures: unknown[] = []
  const passed = (value: unknown, pattern?: unknown) => value !== undefined && pattern !== undefined
  const strict = { match: passed, fail: (message: string) => !failures.push(message) }
  matchStrictly(strict as unknown as Test)
  t.equal(strict.match({ items: [1] }, { items: [] }), false)
  t.strictSame(failures, ['match: /items has 1 entries, not 0'])
  t.equal(strict.match({ items: [1] }, { items: [1] }), true)
  t.end()
})
