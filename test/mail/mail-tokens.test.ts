import { test } from 'tap'
import { createMailTokens } from '../../src/mail/mail-tokens.ts'

const [before, now] = [
  { kid: '1', secret: 'a-long-value-that-only-the-tests-know' },
  { kid: '2', secret: 'another-value-that-only-the-tests-know' }
]
const seed = Buffer.alloc(32, 7)

test('a mail that another release sends again has the same token and code, and each purpose has its own', (t) => {
  const { derive } = createMailTokens([before])
  for (const [purpose, token, code] of [
    ['reset', 'ZYxqEZ6MQ0pgBtFizTPrJw_HJYCP_FViwNblWlyQCJs', '88011972'],
    ['verify', '2fzzOOc7ULyO2lR6am3d26pme_rKCr4nK8SJcpzyMKE', '94393199'],
    ['email.confirm', 'MOoPDpGdOVypgO3kenLorUhIjKpqD4J8YQjMyK-24Ds', '53652281'],
    ['email.cancel', 'ub6OYiHs-qosEzV5I6VMsglgB2HgdkTZeeWs1UaNf3s', '05733715'],
    ['email.undo', '37fkM3fp7RkTAOtRQwte_j8AKcCZacsfJStC7OZF3kE', '85352492']
  ] as const) {
    const derived = derive(purpose, seed)
    t.strictSame([derived.token, derived.code], [token, code], purpose)
  }
  t.end()
})

test('a code is known under an earlier secret, with a blank in the middle, and only together with its token', (t) => {
  const { code, hash, code_hash } = createMailTokens([before]).derive('reset', seed)
  const { isCode, derive } = createMailTokens([now, before])
  for (const typed of [code, `${code.slice(0, 4)} ${code.slice(4)}`]) t.ok(isCode(typed, { hash, code_hash }), typed)
  t.notOk(isCode('00000000', { hash, code_hash }))
  t.notOk(isCode(code, { hash: derive('verify', seed).hash, code_hash }), 'beside the hash of another token')
  t.notOk(createMailTokens([now]).isCode(code, { hash, code_hash }), 'once the secret is gone')
  t.end()
})
