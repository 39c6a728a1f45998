import t, { test } from 'tap'
import { startApp } from '../helpers/app.ts'
import { contractOf, operationsOf } from '../helpers/contract.ts'
import { product } from '../helpers/sources.ts'

const { app } = await startApp(t)

/** Every operation that opens, renews or raises a session. Its tests show that it leaves the session with the right `amr`. */
const ways = [
  'POST /api/auth/login',
  'POST /api/auth/refresh',
  'POST /api/auth/register',
  'POST /api/auth/step-up',
  'PUT /api/auth/password'
]

test('tokens are issued in one place, and signed in one place', async (t) => {
  const places = (pattern: RegExp) =>
    product.flatMap(({ file, text }) => Array<string>(text.match(pattern)?.length ?? 0).fill(file))
  t.strictSame(places(/\bissue\(/g).sort(), ['src/auth/sessions.ts', 'src/auth/tokens/access-tokens.ts'])
  t.strictSame(places(/\bsigningKey\.sign\(/g), ['src/auth/tokens/access-tokens.ts'])
  t.strictSame(places(/\bjwt(Sign|\.sign)\(/g), [], 'no route signs by itself')
  t.strictSame(places(/insertInto\('sessions'\)/g), ['src/repositories/sessions.ts'])
})

test('no other operation answers with tokens', async (t) => {
  const answers = /AuthResponse|access_token|refresh_token/
  const found = operationsOf(contractOf(app)).filter(({ operation }) =>
    Object.entries(operation.responses).some(
      ([status, answer]) => status < '300' && answers.test(JSON.stringify(answer))
    )
  )
  t.strictSame(found.map(({ name }) => name).sort(), ways)
})
