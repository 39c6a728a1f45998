import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { test } from 'tap'
import { hashOf, isWellFormed, makeToken, shape } from '../../../src/auth/personal-tokens/token-text.ts'

test('a token has the prefix, 256 random bits and a checksum, and no two are the same', (t) => {
  const tokens = Array.from({ length: 200 }, makeToken)
  t.equal(new Set(tokens).size, tokens.length)
  for (const token of tokens) {
    t.match(token, shape)
    t.ok(isWellFormed(token), token)
  }
  t.equal(hashOf(tokens[0] as string).length, 32)
  t.end()
})

test('the checksum is CRC-32 in base 62, as scanners compute it', (t) => {
  t.ok(isWellFormed(`gh_${'0'.repeat(43)}1tYKVq`))
  t.notOk(isWellFormed(`gh_${'0'.repeat(43)}1tYKVr`))
  t.end()
})

test('a right checksum does not make up for another length or prefix', (t) => {
  const zeros = '0'.repeat(43)
  for (const other of [`gh_${zeros}01xVKkm`, `xgh_${zeros}2r6cEz`, `\ngh_${zeros}3CeYbQ`])
    t.notOk(isWellFormed(other), JSON.stringify(other))
  t.end()
})

test('a token with one other letter, in other case or with more around it is not well-formed', (t) => {
  const token = makeToken()
  for (let i = 3; i < token.length; i++)
    for (const letter of '0aZ_-')
      if (token[i] !== letter) t.notOk(isWellFormed(token.slice(0, i) + letter + token.slice(i + 1)), `${i} ${letter}`)
  const others = [
    ...[token.toUpperCase(), token.toLowerCase(), ` ${token}`, `${token} `, `${token}\n`, `\n${token}`],
    ...[token.slice(0, -1), `${token}0`, token.replace('gh_', 'GH_'), token.slice(3), '', 'gh_']
  ]
  for (const other of others) t.notOk(isWellFormed(other), JSON.stringify(other))
  t.end()
})

test('the expression of the documentation finds tokens in other texts, and nothing else', (t) => {
  const docs = readFileSync(new URL('../../../docs/personal-tokens.md', import.meta.url), 'utf8')
  const [, expression = ''] = /```regex\n(.+)\n```/.exec(docs) ?? []
  const find = (text: string) => [...text.matchAll(new RegExp(expression, 'g'))].map(([found]) => found)
  for (const token of Array.from({ length: 100 }, makeToken)) {
    const places = [token, `TOKEN=${token}\n`, `"${token}"`, `bearer ${token};`, `https://x.example/?t=${token}&a=b`]
    for (const text of places) t.strictSame(find(text), [token], text)
    for (const text of [`x${token}`, `${token}0`, token.slice(0, -1)]) t.strictSame(find(text), [], text)
  }
  t.end()
})

test('random text after the prefix is not well-formed', (t) => {
  const refused = fc.property(fc.string({ unit: 'binary' }), (text) => !isWellFormed(`gh_${text}`))
  t.doesNotThrow(() => fc.assert(refused))
  t.end()
})
