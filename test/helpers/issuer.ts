import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'
import type { AccessToken } from '../../src/auth/tokens/claims.ts'
import { createIssuer, type TrustedIssuer } from '../../src/auth/tokens/issuers.ts'
import { type Algorithm, algorithms } from '../../src/auth/tokens/jwks.ts'
import { createVerifier } from '../../src/auth/tokens/verifier.ts'
import { loadConfig } from '../../src/config/config.ts'
import { accessTokens } from './access-tokens.ts'
import { secret } from './app.ts'
import { fetchPatiently } from './fetching.ts'
import { audience, issuerName, pairs, published } from './keys.ts'
import { captureLog } from './log.ts'

const names = Object.keys(algorithms) as Algorithm[]
export const allKeys = names.map((alg) => published(pairs[alg], alg, { alg }))

/** A key server on its own port, with a service that trusts it and manual clocks. */
export async function startIssuer(t: Test) {
  fetchPatiently(t)
  const state = { fetches: 0, answer: (_: ServerResponse): unknown => undefined }
  const publish = (keys: unknown[]) => {
    state.answer = (response) => response.end(JSON.stringify({ keys }))
  }
  publish(allKeys)
  const http = createServer((_, response) => {
    state.fetches += 1
    state.answer(response)
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    http.close()
    http.closeAllConnections()
  })
  const url = `http://localhost:${(http.address() as AddressInfo).port}`
  const trusted: TrustedIssuer = { issuer: issuerName, audience, jwksUrl: `${url}/jwks`, algorithms: names }

  const config = loadConfig({ BETTER_AUTH_SECRET: secret })

  /** A service that trusts these issuers and has not fetched keys yet. */
  function trust(first: Partial<TrustedIssuer> = {}, ...others: Partial<TrustedIssuer>[]) {
    const { log, lines } = captureLog()
    const time = { elapsed: 0, now: Date.now() }
    const clocks = { clock: () => time.now, elapsed: () => time.elapsed }
    const make = (changes: Partial<TrustedIssuer>) => {
      const all = { ...trusted, ...changes }
      return [all.issuer, createIssuer(all, log, clocks)] as const
    }
    const [name, issuer] = make(first)
    const tokens = accessTokens(config, clocks.clock)
    const verify = createVerifier(tokens, new Map([[name, issuer], ...others.map(make)]), clocks.clock)
    state.fetches = 0
    return { time, lines, issuer, verify: async (token: string) => (await verify(token)) as AccessToken }
  }

  return { state, publish, trust, url, http }
}
