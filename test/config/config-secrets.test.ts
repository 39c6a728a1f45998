import { test } from 'tap'
import { loadConfig } from '../../src/config/config.ts'

const strong = 'hZ0vT3cQ9mWk2RxLbYp7sJdN5fUaE8gC'
const strong2 = 'Wq4nB8zXe1KtVo6MiPy3LrHu0SjDcF9G'

test('production requires a secret that is not published', async (t) => {
  const production = (settings: object) => () => loadConfig({ NODE_ENV: 'production', ...settings })
  t.throws(production({}), { message: /BETTER_AUTH_SECRET: is required in production/ })
  t.throws(production({ BETTER_AUTH_SECRET: 'better-auth-secret-12345678901234567890' }), { message: /published/ })
  t.match(production({ BETTER_AUTH_SECRET: strong })(), { production: true, secrets: [{ secret: strong }] })
})

test('a published secret is refused in each setting, by name', async (t) => {
  const plan = 'zF4Gr5uYTUtVZVcyXGLFaTyskJhewCl5'
  for (const published of [plan, plan.toLowerCase(), `"${plan}"`])
    for (const [settings, name] of [
      [{ BETTER_AUTH_SECRET: published }, /BETTER_AUTH_SECRET: is published/],
      [{ BETTER_AUTH_SECRETS: `1:${published}` }, /BETTER_AUTH_SECRETS: version 1 is published/],
      [{ BETTER_AUTH_SECRETS: `2:${strong}, 1: ${published} ` }, /BETTER_AUTH_SECRETS: version 1 is published/],
      [{ BETTER_AUTH_SECRETS: `2:${strong}`, BETTER_AUTH_SECRET: published }, /BETTER_AUTH_SECRET: is published/]
    ] as const) {
      t.throws(() => loadConfig({ NODE_ENV: 'production', ...settings }), { message: name })
      t.doesNotThrow(() => loadConfig(settings), 'while it is being tried out')
    }
})

test('outside production a secret is generated and kept', async (t) => {
  const DATA_DIR = t.testdir()
  const { secrets } = loadConfig({ DATA_DIR })
  t.match(secrets, [{ kid: 'local', secret: /^[\w-]{43}$/ }])
  t.strictSame(loadConfig({ DATA_DIR }).secrets, secrets)
})

test('secrets rotate: the first signs, the others still verify', async (t) => {
  const rotate = (BETTER_AUTH_SECRETS: string, BETTER_AUTH_SECRET?: string) =>
    loadConfig({ BETTER_AUTH_SECRETS, BETTER_AUTH_SECRET }).secrets
  const [first, second] = [
    { kid: '2', secret: strong },
    { kid: '1', secret: strong2 }
  ]
  t.strictSame(rotate(`2:${strong}, 1:${strong2}`), [first, second])
  t.strictSame(rotate(`2:${strong}`, strong2), [first, second], 'a single secret was version 1')
  t.strictSame(rotate(`2:${strong},1:${strong2}`, strong2), [first, second])
  t.strictSame(rotate(`1:${strong}`, strong2), [
    { kid: '1', secret: strong },
    { kid: '0', secret: strong2 }
  ])
})

test('tokens are signed with the shared secret, or with keys for EdDSA or ES256 and nothing else', async (t) => {
  const algorithm = (SIGNING_ALGORITHM?: string) =>
    loadConfig({ BETTER_AUTH_SECRET: strong, ...(SIGNING_ALGORITHM && { SIGNING_ALGORITHM }) }).signingAlgorithm
  t.equal(algorithm(), 'HS256')
  for (const name of ['HS256', 'EdDSA', 'ES256']) t.equal(algorithm(name), name)
  for (const name of ['none', 'HS512', 'eddsa', 'Ed25519', 'RS256', 'ES256K'])
    t.throws(() => algorithm(name), { message: /SIGNING_ALGORITHM: .*HS256.*EdDSA.*ES256/ }, name)
})
