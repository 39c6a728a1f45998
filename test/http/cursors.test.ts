import { test } from 'tap'
import { createCursors } from '../../src/http/cursors.ts'
import { Problem } from '../../src/http/problems.ts'

const one = { kid: '1', secret: 'the-first-value-that-only-the-tests-know' }
const two = { kid: '2', secret: 'the-second-value-that-only-the-tests-know' }
const position = { value: 'A\u{fffd}\u{1f600}"', id: '0192f0c1-0000-7000-8000-000000000000' }
const cursors = createCursors([one])
const cursor = cursors.seal('query', position)

test('a cursor is valid for its query, under any secret still configured', async (t) => {
  t.strictSame(cursors.open('query', cursor), position)
  t.strictSame(createCursors([two, one]).open('query', cursor), position)
  t.match(cursor, /^[\w-]+$/, 'it needs no escaping in a URL')
})

test('a cursor that was given before an update opens after it', async (t) => {
  const before = 'CjkuGRfGOtPFRIIOwUBQzHsidmFsdWUiOiJNaWxrIiwiaWQiOiIxIn0'
  t.strictSame(cursors.open('query', before), { value: 'Milk', id: '1' })
})

const bytes = Buffer.from(cursor, 'base64url')
const last = cursor.at(-1) ?? ''
const replacement = bytes.indexOf('\u{fffd}')
const broken: Record<string, string> = {
  empty: '',
  'one character': 'A',
  'its signature alone': bytes.subarray(0, 16).toString('base64url'),
  truncated: cursor.slice(0, -2),
  'cut to the signature and one byte': bytes.subarray(0, 17).toString('base64url'),
  lengthened: `${cursor}AA`,
  padded: `${cursor}=`,
  'with a blank': `${cursor.slice(0, 9)} ${cursor.slice(9)}`,
  'in the other base64 alphabet': `${cursor.slice(0, -1)}+`,
  'of another last character': `${cursor.slice(0, -1)}${String.fromCharCode(last.charCodeAt(0) + 1)}`,
  'of other bytes that read as the same text': Buffer.concat([
    bytes.subarray(0, replacement),
    Buffer.from([0xff]),
    bytes.subarray(replacement + 3)
  ]).toString('base64url'),
  'of another secret': createCursors([two]).seal('query', position),
  'of another query': cursors.seal('query2', position),
  'JSON without a signature': Buffer.from(JSON.stringify(position)).toString('base64url'),
  'of a query and a position that join to the same text': cursors.seal(`query${JSON.stringify(position)}`, {})
}

for (const [what, text] of Object.entries(broken))
  test(`a cursor ${what} is refused`, async (t) => {
    t.throws(() => cursors.open('query', text), {
      status: 400,
      code: 'validation_failed',
      errors: [{ pointer: '/cursor', message: 'is not a cursor of this query' }]
    })
  })

test('a cursor with any changed bit is refused', async (t) => {
  for (let i = 0; i < bytes.length * 8; i++) {
    const changed = Buffer.from(bytes)
    changed[i >> 3] = (changed[i >> 3] ?? 0) ^ (1 << (i & 7))
    try {
      cursors.open('query', changed.toString('base64url'))
      t.fail(`bit ${i}`)
    } catch (error) {
      if (!(error instanceof Problem)) t.fail(`bit ${i}: ${error}`)
    }
  }
  t.pass(`${bytes.length * 8} bits`)
})
