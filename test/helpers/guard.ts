import { sign } from 'node:crypto'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import Fastify from 'fastify'
import type { Test } from 'tap'
import type { GatehouseUser } from '../../packages/guard/src/claims.ts'
import { type Guard, type GuardOptions, guard } from '../../packages/guard/src/guard.ts'
import { fetchPatiently } from './fetching.ts'
import { pairs, published } from './keys.ts'
import { captureLog } from './log.ts'
import { ourClaims, segment } from './mint.ts'

type Changes = Record<string, unknown>

export const header = { alg: 'EdDSA', typ: 'at+jwt', kid: 'first' }
export const firstKey = published(pairs.EdDSA, 'first', { alg: 'EdDSA', use: 'sig' })

/** Signs two segments with the first key. */
export const signText = (text: string) =>
  `${text}.${sign(null, Buffer.from(text), pairs.EdDSA.privateKey).toString('base64url')}`

export const guardToken = (claims: Changes = {}, headers: Changes = {}) =>
  signText(`${segment({ ...header, ...headers })}.${segment(ourClaims(claims))}`)

/** A server of keys and metadata on its own port. */
export async function startKeyServer(t: Test) {
  fetchPatiently(t)
  const state = {
    fetches: 0,
    answer: (_: ServerResponse): unknown => undefined,
    metadata: {} as Changes,
    /** Instead of the metadata. */
    describe: undefined as ((response: ServerResponse) => unknown) | undefined
  }
  const publish = (...keys: unknown[]) => {
    state.answer = (response) => response.end(JSON.stringify({ keys }))
  }
  publish(firstKey)
  const http = createServer(({ url }, response) => {
    if (url?.startsWith('/.well-known/oauth-authorization-server'))
      return state.describe ? state.describe(response) : response.end(JSON.stringify(state.metadata))
    state.fetches += 1
    return state.answer(response)
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    http.close()
    http.closeAllConnections()
  })
  const origin = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
  return { state, publish, origin, jwksUrl: `${origin}/jwks.json`, http }
}

/** A service that accepts Gatehouse's tokens at `/me`, with manual clocks. */
export async function startConsumer(t: Test, options: Partial<GuardOptions>) {
  const time = { elapsed: 0, now: Date.now() }
  const { log, lines, says } = captureLog()
  const app = Fastify({ loggerInstance: log })
  const clocks = { clock: () => time.now, elapsed: () => time.elapsed }
  await app.register(guard, { issuer: 'gatehouse', audience: 'gatehouse', ...clocks, ...options })
  app.get('/open', async () => ({}))
  await app.register(async (scope) => {
    scope.requireUser()
    scope.get('/me', async (request) => request.getDecorator<GatehouseUser>('user'))
  })
  await app.ready()
  t.teardown(() => app.close())
  const me = (token: string) => app.inject({ url: '/me', headers: { authorization: `Bearer ${token}` } })
  return { app, time, lines, says, me, guard: app.getDecorator<Guard>('guard') }
}
