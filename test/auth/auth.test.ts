import { test } from 'tap'
import { createAuth } from '../../src/auth/auth.ts'
import { ALWAYS } from '../../src/auth/revocations/revocation-table.ts'
import type { AccessToken } from '../../src/auth/tokens/claims.ts'
import { accessTokens } from '../helpers/access-tokens.ts'
import { startApp } from '../helpers/app.ts'
import { listenableServer } from '../helpers/postgres.ts'
import { until } from '../helpers/wait.ts'

test('a token is refused when PostgreSQL announces its revocation', async (t) => {
  const { app, config } = await startApp(t)
  const { url, queries, notify } = await listenableServer(t)
  const surroundings = { jwt: app.jwt, log: app.log, clock: Date.now }
  const { verify, sessions, revocations } = createAuth(
    { ...config, databaseUrl: url, directUrl: url },
    app.db,
    surroundings
  )
  t.teardown(() => {
    revocations.stop()
    return sessions.stop()
  })
  const user = { id: crypto.randomUUID(), email: 'ann@example.com', role: 'user' as const, email_verified: false }
  const { access_token } = (await accessTokens(config)).issue(user, crypto.randomUUID())
  const token = (await verify(access_token)) as AccessToken
  t.equal(await revocations.check(token), 0)
  await until('a query', () => queries.length > 0)
  t.match(queries, [/^do \$\$ begin execute format\('listen %I', 'gatehouse_revocations' /])
  notify('gatehouse_revocations', `${token.sessionId} ${ALWAYS} ${token.expiresAt}`)
  await until('a revocation', () => revocations.size > 0)
  await t.rejects(async () => revocations.check(token), { code: 'token_revoked' })
})
