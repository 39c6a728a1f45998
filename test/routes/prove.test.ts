import { createHash } from 'node:crypto'
import { test } from 'tap'
import { loadConfig } from '../../src/config/config.ts'
import { startApp } from '../helpers/app.ts'

const PROVE_TOKEN = '0123456789abcdef0123456789abcdef'
const path = '/.well-known/gatehouse-prove.txt'

test('the file that allows a proof has the hash of the token, not the token', async (t) => {
  const { app } = await startApp(t, { settings: { PROVE_TOKEN } })
  const answer = await app.inject(path)
  t.match(answer, {
    statusCode: 200,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' }
  })
  t.equal(answer.body, `gatehouse-prove sha256=${createHash('sha256').update(PROVE_TOKEN).digest('hex')}\n`)
})

test('without PROVE_TOKEN there is no file that allows a proof', async (t) => {
  const { app } = await startApp(t)
  t.match((await app.inject(path)).json(), { status: 404, code: 'not_found' })
})

test('a token that could be guessed stops the start', async (t) => {
  const load = (PROVE_TOKEN: string) =>
    loadConfig({ BETTER_AUTH_SECRET: 'a-long-value-that-only-the-tests-know', PROVE_TOKEN }).proveHash
  t.match(load(PROVE_TOKEN), /^[0-9a-f]{64}$/)
  t.equal(load(''), undefined)
  for (const wrong of [
    'short',
    PROVE_TOKEN.slice(1),
    `${PROVE_TOKEN} `,
    'x'.repeat(64),
    'abcdefg'.repeat(6),
    'a-b_c1'.repeat(60)
  ])
    t.throws(() => load(wrong), { message: /^ {2}- PROVE_TOKEN: must be 32 to 256 random letters/m }, wrong)
})
