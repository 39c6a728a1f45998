import { createHash } from 'node:crypto'
import { test } from 'tap'
import { hashOfRecoveryCode, makeRecoveryCodes } from '../../../src/auth/factors/recovery-codes.ts'

test('ten different codes of 120 bits, in groups that people can read', (t) => {
  const codes = makeRecoveryCodes()
  t.equal(new Set([...codes, ...makeRecoveryCodes()]).size, 20)
  t.equal(codes.length, 10)
  for (const code of codes) t.match(code, /^[a-z2-7]{4}(-[a-z2-7]{4}){5}$/)
  t.end()
})

test('a code is the same however it is typed', (t) => {
  const [code = ''] = makeRecoveryCodes()
  const hash = hashOfRecoveryCode(code)
  t.equal(hash.length, 32)
  for (const typed of [code.toUpperCase(), code.replaceAll('-', ''), code.replaceAll('-', ' '), ` ${code}\n`])
    t.strictSame(hashOfRecoveryCode(typed), hash)
  t.notSame(hashOfRecoveryCode(code.slice(1)), hash)
  t.end()
})

test('stored hashes stay valid: they are of the small letters, without the hyphens', (t) => {
  const stored = createHash('sha256').update('k3xvab7q').digest()
  t.strictSame(hashOfRecoveryCode('K3XV-ab7q'), stored)
  t.end()
})
