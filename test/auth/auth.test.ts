import { test } from 'tap'
import { createAuth } from '../../src/auth/auth.ts'
import { ALWAYS } from '../../src/auth/revocations/revocation-table.ts'
import { createAccessTokens } from '../../src/auth/tokens/access-tokens.ts'
import { orThrow } from '../../src/http/problems.ts'
import { startApp } from '../helpers/app.ts'
import { listenableServer } from '../helpers/postgres.ts'
import { until } from '../helpers/wait.ts'

test('what a PostgreSQL server announces is refused', async (t) => {
  const { app, config } = await startApp(t)
  const { url, queries, notify } = await listenableServer(t)
  const surroundings = { log: app.log, clock: Date.now }
  const { verify, sessions, revocations } = createAuth(
    { ...config, databaseUrl: url, directUrl: url },
    app.db,
    surroundings
  )
  t.teardown(() => {
    revocations.stop()
    return sessions.stop()
  })
  const user = { id: crypto.randomUUID(), email: 'ann@example.com' }
  const { access_token } = createAccessTokens(config, Date.now).issue(user, crypto.randomUUID())
  const token = orThrow(await verify(access_token))
  t.equal(await revocations.check(token), 0)
  await until('a query', () => queries.length > 0)
  t.match(queries, [/^do \$\$ begin execute format\('listen %I', 'gatehouse_revocations' /])
  notify('gatehouse_revocations', `${token.sessionId} ${ALWAYS} ${token.expiresAt}`)
  await until('a revocation', () => revocations.size > 0)
  await t.rejects(async () => revocations.check(token), { code: 'token_revoked' })
})
