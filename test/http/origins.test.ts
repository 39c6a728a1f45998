import { test } from 'tap'
import { readOrigins } from '../../src/http/origins.ts'

const front = 'https://front.example.com'
const previews = 'https://*.previews.example.com'
const { exact, patterns, isByPattern } = readOrigins([front, 'https://pr-1.previews.example.com', previews])

test('origins with a star are patterns, the others are exact', async (t) => {
  t.strictSame([...exact], [front, 'https://pr-1.previews.example.com'])
  t.equal(patterns.length, 1)
})

test('an origin is by pattern only if a pattern allows it and it is not listed itself', async (t) => {
  t.equal(isByPattern('https://pr-5.previews.example.com'), true)
  for (const origin of [front, 'https://pr-1.previews.example.com', 'https://evil.example.com', previews])
    t.equal(isByPattern(origin), false, origin)
  const two = readOrigins(['https://*.a.example', 'https://*.b.example'])
  for (const origin of ['https://x.a.example', 'https://x.b.example']) t.equal(two.isByPattern(origin), true, origin)
})
