import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { fingerprint, isPublished } from '../../src/config/published-secrets.ts'
import { localSecret, weakness } from '../../src/config/secrets.ts'

const guessable = [
  'better-auth-secret-12345678901234567890',
  'your-256-bit-secret-your-256-bit-secret',
  'a'.repeat(64),
  'ab'.repeat(32),
  'x7Gq'.repeat(12),
  'x7GqP2mK9vLs4WnE'.repeat(3),
  '0123456789abcdefghijklmnopqrstuvwxyz',
  '98765432109876543210987654321098',
  'abcdefghijklmnopqrstuvwxyzABCDEF',
  'CHANGE-ME-TO-A-LONG-RANDOM-STRING!!',
  'replace_with_32_plus_random_characters',
  'This_Is_My_Super_Long_JWT_Signing_Key_2024',
  'your-super-long-random-string-goes-here',
  'example-of-a-signing-key-for-the-docs-32',
  'AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow'
]

for (const secret of guessable)
  test(`${secret.slice(0, 48)} is refused in production`, async (t) => {
    t.match(weakness(secret, true), /published or easily guessed/)
    t.equal(weakness(secret, false), undefined)
  })

const plan = 'zF4Gr5uYTUtVZVcyXGLFaTyskJhewCl5'
const published = [
  plan,
  plan.toLowerCase(),
  plan.toUpperCase(),
  ` ${plan} `,
  `"${plan}"`,
  `'${plan}'`,
  `${plan}\n`,
  `${plan}==`,
  `${plan}1234567890`,
  `prod-${plan}`,
  plan.match(/.{1,8}/g)?.join('-') ?? '',
  'hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG+Onbc6mxCcYg=',
  'ayM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow==',
  '404E635266556A586E3272357538782F413F4428472B4B6250645367566B5970',
  '404e635266556a586e3272357538782f413f4428472b4b6250645367566b5970',
  '0A6B944D-D2FB-46FC-A85E-0295C986CD9F',
  '0a6b944dd2fb46fca85e0295c986cd9f',
  "'09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7'"
]

test('a published secret is refused in production, however it was copied', async (t) => {
  for (const secret of published) {
    t.match(weakness(secret, true), /published or easily guessed/, JSON.stringify(secret))
    t.equal(weakness(secret, false), undefined)
  }
})

test('secrets that differ only in punctuation are distinct', async (t) => {
  const [one, other] = ['!@#$%^&*()_+{}|:<>?-=[];,./~!@#$^&*', '-_=+[{]}|;:,<.>/?!@#$%^&*()~`<>|-=']
  t.notOk(isPublished(one) || isPublished(other))
  t.not(fingerprint(one), fingerprint(other))
})

test('a secret of less than 32 characters is always refused', async (t) => {
  for (const production of [true, false]) {
    t.match(weakness('kJ8#mP2$vL9@nQ4!xR7&wT1*zY5^bC+', production), /at least 32/, '31 characters')
    t.equal(weakness('kJ8#mP2$vL9@nQ4!xR7&wT1*zY5^bC+d', production), undefined, '32 characters')
    t.match(weakness('', production), /at least 32/)
  }
})

test('random secrets in any encoding are accepted', async (t) => {
  const refused = []
  for (let i = 0; i < 1_000; i++) {
    const bytes = createHash('sha256').update(`seed ${i}`).digest()
    for (const encoding of ['base64', 'base64url', 'hex'] as const)
      if (weakness(bytes.toString(encoding), true)) refused.push(bytes.toString(encoding))
  }
  t.strictSame(refused, [])
})

test('the local secret is generated once, readable only by its owner', async (t) => {
  const directory = join(t.testdir(), 'new', 'data')
  const secret = localSecret(directory)
  t.match(secret, /^[\w-]{43}$/)
  t.equal(statSync(join(directory, 'secret')).mode & 0o777, 0o600)
  t.equal(statSync(directory).mode & 0o777, 0o700)
  t.equal(localSecret(directory), secret)
  t.strictSame(readdirSync(directory), ['secret'], 'no draft is left behind')
})

test('a truncated local secret is refused', async (t) => {
  for (const secret of ['', 'short']) {
    const directory = t.testdir({ secret })
    t.throws(() => localSecret(directory), { message: /damaged; remove the file/ })
    t.equal(readFileSync(join(directory, 'secret'), 'utf8'), secret, 'and is not overwritten')
  }
})

test('a secret that cannot be stored is not used', async (t) => {
  const file = join(t.testdir({ file: '' }), 'file')
  t.throws(() => localSecret(file), { code: /EEXIST|ENOTDIR/ })
  const directory = t.testdir()
  mkdirSync(join(directory, 'secret'))
  t.throws(() => localSecret(directory), { code: 'EISDIR' })
})
