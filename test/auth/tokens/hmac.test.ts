import { createHmac as nodes, randomBytes } from 'node:crypto'
import { test } from 'tap'
import { createHmac } from '../../../src/auth/tokens/hmac.ts'
import { maxTokenLength } from '../../../src/auth/tokens/jws.ts'

const random = (length: number) => randomBytes(length).toString('latin1')
const theirs = (secret: string, text: string) => nodes('sha256', secret).update(text).digest()

test("it is node:crypto's HMAC, for keys below, at and beyond a block and texts of every length and alphabet", (t) => {
  const secrets = ['', 'k', random(31), 'x'.repeat(63), 'x'.repeat(64), 'x'.repeat(65), random(64), 'ключ'.repeat(20)]
  const texts = ['', 'a', random(63), random(64), random(200), '\u{1f511}'.repeat(50), 'ł'.repeat(maxTokenLength)]
  for (const secret of secrets) {
    const { sign, verify } = createHmac(secret)
    for (const text of texts) {
      const code = theirs(secret, text)
      t.equal(sign(text), code.toString('base64url'))
      t.ok(verify(text, code))
    }
  }
  t.end()
})

test('the test case of RFC 4231, section 4.3', (t) => {
  const short = createHmac('Jefe')
  const code = '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843'
  t.ok(short.verify('what do ya want for nothing?', Buffer.from(code, 'hex')))
  t.notOk(short.verify('what do ya want for nothing', Buffer.from(code, 'hex')), 'a text that is shorter by a letter')
  t.end()
})

test('no other code is right: one bit off, too short, too long, empty, that of the text before', (t) => {
  const { verify } = createHmac('secret')
  const code = theirs('secret', 'text')
  for (let bit = 0; bit < 256; bit += 1) {
    const off = Buffer.from(code)
    off[bit >> 3] = Number(off[bit >> 3]) ^ (1 << (bit & 7))
    t.notOk(verify('text', off), `bit ${bit}`)
  }
  for (const other of [code.subarray(1), code.subarray(0, 31), Buffer.concat([code, code]), Buffer.alloc(0)])
    t.notOk(verify('text', other), `${other.length} bytes`)
  t.ok(verify('text', code))
  t.notOk(verify('another text', code))
  t.notOk(verify('text', theirs('another secret', 'text')))
  t.end()
})

test('a text that no token can be is not half coded', (t) => {
  const { sign, verify } = createHmac('secret')
  const long = 'x'.repeat(maxTokenLength + 1)
  t.throws(() => sign(long), RangeError)
  t.throws(() => verify(long, Buffer.alloc(32)), RangeError)
  t.end()
})
