import { randomBytes } from 'node:crypto'
import { test } from 'tap'
import { createRefreshTokens, hashOf, type RefreshToken } from '../../../src/auth/tokens/refresh-tokens.ts'

const secretOf = (kid: string) => ({ kid, secret: `a-long-value-that-only-the-tests-know-${kid}` })
const tokens = createRefreshTokens([secretOf('1')])
const sessionId = '0193aaaa-0000-4000-8000-00000000000a'
const token = tokens.make(sessionId)
const text = tokens.format(token)

test("a token is the session's id, 256 random bits and a tag, in base64url", async (t) => {
  t.match(text, /^[\w-]{86}$/)
  t.equal(Buffer.from(text, 'base64url').length, 16 + 32 + 16)
  t.strictSame(tokens.parse(text), token)
  const many = Array.from({ length: 1_000 }, () => tokens.make(sessionId))
  t.equal(new Set(many.map(({ bytes }) => bytes.subarray(16, 48).toString('hex'))).size, 1_000)
  t.equal(new Set(many.map((made) => hashOf(made).toString('hex'))).size, 1_000)
  t.equal(hashOf(token).length, 32)
})

test('a token that we did not issue is refused', async (t) => {
  const flipped = Array.from({ length: 64 }, (_, i) => {
    const bytes = Buffer.from(token.bytes)
    bytes.writeUInt8(bytes.readUInt8(i) ^ 1, i)
    return bytes.toString('base64url')
  })
  const bytes = token.bytes
  const made = Buffer.concat([bytes.subarray(0, 16), randomBytes(48)])
  const truncated = Array.from({ length: 86 }, (_, i) => text.slice(0, i))
  const longer = [`${text}A`, `${text}AA`, text + text, `A${text}`, Buffer.concat([bytes, bytes]).toString('base64url')]
  for (const wrong of [...flipped, ...truncated, ...longer, made.toString('base64url')])
    t.equal(tokens.parse(wrong), undefined, wrong)
})

test('a token has only one spelling', async (t) => {
  const last = text.at(-1) ?? ''
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const sibling = alphabet[alphabet.indexOf(last) + 1] ?? ''
  t.strictSame(Buffer.from(text.slice(0, -1) + sibling, 'base64url'), token.bytes, 'the same bytes')
  const spellings = [
    text.slice(0, -1) + sibling,
    `${text}=`,
    `${text}==`,
    ` ${text}`,
    `${text}\n`,
    `${text}\0`,
    `${text}.`
  ]
  const padded = [token.bytes.toString('base64'), token.bytes.toString('hex'), `${text.slice(0, 9)} ${text.slice(9)}`]
  for (const spelled of [...spellings, ...padded]) t.equal(tokens.parse(spelled), undefined, JSON.stringify(spelled))
})

test('a token is valid under every configured secret, and issued under the first', async (t) => {
  const rotated = createRefreshTokens([secretOf('2'), secretOf('1')])
  t.strictSame(rotated.parse(text), token)
  const renewed = rotated.format(rotated.make(sessionId))
  t.equal(tokens.parse(renewed), undefined)
  const after = createRefreshTokens([secretOf('2')])
  t.match(after.parse(renewed), { sessionId })
  t.equal(after.parse(text), undefined)
  t.throws(() => createRefreshTokens([]), { message: /No secret/ })
})

test('a token that was given before an update, and its sealed successor, are valid after it', async (t) => {
  const before = 'AZOqqgAAQACAAAAAAAAACtFnbMmuIGMAE-NDrIldM_H_MMNCCQCxiX-lY41wReFPeG7Kd53IpjY3DYRBXe8wCQ'
  const successor = 'AZOqqgAAQACAAAAAAAAACpTO5PBccvlHjphHI4OSE1OjON6_DGpaIKf-BZPwupCWGaP-YS_AzXUmZUdizlZBQQ'
  const sealed = 'xcZathT4z496DQGLTxY_DHgvWuFG1fJ2I7CTzdPKlGhINTKoqxndn8OMqvAeszP4-5GkkIRzP88OsUb4DzLkQw'
  const parsed = tokens.parse(before)
  t.match(parsed, { sessionId })
  if (!parsed) return
  t.equal(hashOf(parsed).toString('base64url'), 'zECcFatJXXyejO87o9eogItwYkPSnfeH35tu4H-2BZQ')
  t.equal(tokens.format(tokens.unseal(parsed, Buffer.from(sealed, 'base64url'))), successor)
})

test("only the predecessor's holder can unseal its successor", async (t) => {
  const successor = tokens.make(sessionId)
  const sealed = tokens.seal(token, successor)
  t.strictSame(tokens.unseal(token, sealed), successor)
  t.strictSame(tokens.parse(tokens.format(tokens.unseal(token, sealed))), successor)
  const strangers: RefreshToken[] = [successor, tokens.make(sessionId), { sessionId, bytes: Buffer.alloc(64) }]
  for (const stranger of strangers) t.equal(tokens.parse(tokens.format(tokens.unseal(stranger, sealed))), undefined)
  t.notOk(sealed.includes(successor.bytes.subarray(16, 32)), 'and not to be read')
})
