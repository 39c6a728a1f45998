import { readFileSync } from 'node:fs'
import { test } from 'tap'
import { isCommon } from '../../../src/auth/passwords/common-passwords.ts'
import { commonPasswords, file } from '../../helpers/common-passwords.ts'

test('the list equals the one that `npm run passwords` generates from zxcvbn-ts', (t) => {
  t.ok(readFileSync(file, 'utf8') === commonPasswords())
  t.end()
})

test('the more common a password is, the more characters must be added', (t) => {
  const common = [
    'password1234!',
    '!!password1!',
    'P4$$W0RD#123',
    'letmein1!',
    '1!letmein',
    'Charlotte1!',
    'thx11381',
    'xxxpassword'
  ]
  for (const password of common) t.ok(isCommon(password), password)
  const fine = [
    'password-7-gate',
    'charlotte-42',
    'Letmein-0815',
    'correct-horse-7',
    '',
    '\n',
    'é'.repeat(30),
    '🙂'.repeat(18),
    'gatehouse'.repeat(2)
  ]
  for (const password of fine) t.notOk(isCommon(password), JSON.stringify(password))
  t.end()
})
