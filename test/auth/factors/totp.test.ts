import { test } from 'tap'
import { describeSecret, makeSecret, stepOfCode } from '../../../src/auth/factors/totp.ts'
import { codeAt } from '../../helpers/factors.ts'

const secret = Buffer.from('12345678901234567890')

/** RFC 6238, appendix B: the last six of its eight digits. */
const vectors: [seconds: number, code: string][] = [
  [59, '287082'],
  [1_111_111_109, '081804'],
  [1_111_111_111, '050471'],
  [1_234_567_890, '005924'],
  [2_000_000_000, '279037'],
  [20_000_000_000, '353130']
]

test('codes are those of RFC 6238', (t) => {
  for (const [seconds, code] of vectors)
    t.equal(stepOfCode(secret, code, seconds * 1000), Math.floor(seconds / 30), `at ${seconds}`)
  t.end()
})

test('a code is accepted one time step early or late, and not two', (t) => {
  const now = 1_111_111_109_000
  const { secret: base32 } = describeSecret(secret, { issuer: 'Gatehouse', label: 'ann@example.com' })
  const step = Math.floor(now / 30_000)
  const steps = [-2, -1, 0, 1, 2].map((delta) => stepOfCode(secret, codeAt(base32, now + delta * 30_000), now))
  t.strictSame(steps, [undefined, step - 1, step, step + 1, undefined])
  t.end()
})

test('a code with other digits, another length or other characters is refused', (t) => {
  for (const code of ['', '287083', '87082', '0287082', '28708２', 'abcdef', '287082 '])
    t.equal(stepOfCode(secret, code, 59_000), undefined, JSON.stringify(code))
  t.end()
})

test('a secret has 160 bits, and its URI names the service and the account', (t) => {
  const [one, two] = [makeSecret(), makeSecret()]
  t.equal(one.length, 20)
  t.notSame(one, two)
  const { secret: base32, uri } = describeSecret(secret, { issuer: 'Tom & Söhne', label: 'ann+b@example.com' })
  t.equal(base32, 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ')
  const { protocol, host, pathname, searchParams } = new URL(uri)
  t.strictSame([protocol, host, decodeURIComponent(pathname)], ['otpauth:', 'totp', '/Tom & Söhne:ann+b@example.com'])
  t.strictSame(Object.fromEntries(searchParams), {
    issuer: 'Tom & Söhne',
    secret: base32,
    algorithm: 'SHA1',
    digits: '6',
    period: '30'
  })
  t.end()
})
