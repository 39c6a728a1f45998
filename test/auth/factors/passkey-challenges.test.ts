import { createHmac, hkdfSync } from 'node:crypto'
import { test } from 'tap'
import { createPasskeyChallenges, type PasskeyPurpose } from '../../../src/auth/factors/passkey-challenges.ts'

const login: PasskeyPurpose = { purpose: 'login' }
const secrets = ['first', 'second'].map((name, i) => ({ kid: String(i), secret: name.repeat(10) })) as [Secret, Secret]
type Secret = { kid: string; secret: string }
const now = 1_764_236_400_000

test('a challenge is accepted for its own purpose only', (t) => {
  const { make, open } = createPasskeyChallenges(secrets, () => now)
  const session = { userId: 'ann', sessionId: 's1' }
  const purposes: PasskeyPurpose[] = [
    login,
    { purpose: 'registration', ...session },
    { purpose: 'step-up', ...session },
    { purpose: 'step-up', ...session, sessionId: 's2' },
    { purpose: 'step-up', ...session, userId: 'ben' },
    // The boundaries between the parts count.
    { purpose: 'step-up', userId: 'anns', sessionId: '1' }
  ]
  for (const made of purposes)
    for (const opened of purposes) {
      const found = open(opened, make(made).toString('base64url'))
      t.equal(found !== undefined, made === opened, JSON.stringify([made, opened]))
    }
  t.end()
})

test('a challenge expires after five minutes', (t) => {
  let time = now
  const { make, open } = createPasskeyChallenges(secrets, () => time)
  const text = make(login).toString('base64url')
  t.equal(open(login, text)?.expiresAt, now + 300_000)
  time += 299_999
  t.ok(open(login, text))
  time += 1
  t.equal(open(login, text), undefined)
  t.end()
})

test('a challenge is accepted after a rotation of the secret, until its secret is removed', (t) => {
  const text = createPasskeyChallenges([secrets[1]], () => now)
    .make(login)
    .toString('base64url')
  t.ok(createPasskeyChallenges(secrets, () => now).open(login, text))
  t.equal(createPasskeyChallenges([secrets[0]], () => now).open(login, text), undefined)
  t.end()
})

test('a challenge has a fixed form, which processes of other releases accept', (t) => {
  const { open } = createPasskeyChallenges(secrets, () => now)
  const head = Buffer.alloc(22)
  head.writeUIntBE(now + 1, 16, 6)
  const key = Buffer.from(hkdfSync('sha256', secrets[0].secret, '', 'gatehouse passkey challenges', 32))
  const mac = createHmac('sha256', key).update('["login"]').update(head).digest()
  t.match(open(login, Buffer.concat([head, mac]).toString('base64url')), { expiresAt: now + 1 })
  t.end()
})

test('a changed challenge, and another spelling of one, are refused', (t) => {
  const { make, open } = createPasskeyChallenges(secrets, () => now)
  const bytes = make(login)
  const text = bytes.toString('base64url')
  for (let i = 0; i < bytes.length; i++) {
    const changed = Buffer.from(bytes)
    changed[i] = (changed[i] as number) ^ 1
    t.equal(open(login, changed.toString('base64url')), undefined, `byte ${i}`)
  }
  const others = [
    '',
    text.slice(1),
    `${text}A`,
    `${text}=`,
    ` ${text}`,
    `${text}\n`,
    bytes.toString('base64').replace('+', ' ')
  ]
  for (const other of [...others, undefined, null, 5, {}, [text]])
    t.equal(open(login, other) !== undefined && other !== text, false, String(other))
  t.not(make(login).toString('base64url'), text, 'no two are the same')
  t.end()
})
