import { createHash } from 'node:crypto'
import { test } from 'tap'
import { hashOfRecoveryCode, makeRecoveryCodes } from '../../../src/auth/factors/recovery-codes.ts'

test('ten distinct recovery codes are generated, each of 120 bits in six groups of four characters', (t) => {
  const codes = makeRecoveryCodes()
  t.equal(new Set([...codes, ...makeRecoveryCodes()]).size, 20)
  t.equal(codes.length, 10)
  for (const code of codes) t.match(code, /^[a-z2-7]{4}(-[a-z2-7]{4}){5}$/)
  t.end()
})

test('the hash of a recovery code ignores case, hyphens and whitespace', (t) => {
  const [code = ''] = makeRecoveryCodes()
  const hash = hashOfRecoveryCode(code)
  t.equal(hash.length, 32)
  for (const typed of [code.toUpperCase(), code.replaceAll('-', ''), code.replaceAll('-', ' '), ` ${code}\n`])
    t.strictSame(hashOfRecoveryCode(typed), hash)
  t.notSame(hashOfRecoveryCode(code.slice(1)), hash)
  t.end()
})

test('the hash of a recovery code is the SHA-256 of its lower-case form without hyphens, so stored ones stay valid', (t) => {
  const stored = createHash('sha256').update('k3xvab7q').digest()
  t.strictSame(hashOfRecoveryCode('K3XV-ab7q'), stored)
  t.end()
})
