import createClient from 'openapi-fetch'
import type { paths } from './api.ts'
import type { Api, Method } from './calls.ts'
import { createExchanges, type Surroundings, surroundings } from './exchange.ts'
import { createRenewal } from './renewal.ts'
import { bodyOf, createSession, refreshing } from './session.ts'
import { createState } from './state.ts'
import type { Why } from './tabs.ts'

export type * from './api.ts'
export type { Api } from './calls.ts'
export { Problem } from './problem.ts'
export type { SessionState } from './state.ts'
export type { Why } from './tabs.ts'

interface Options {
  /** Where Gatehouse is, such as `https://api.example.com`. Without it, where the page comes from. */
  baseUrl?: string
  /** Called once whenever one is logged in no longer: after `logOut` in any tab, and when the session turns out to be over. */
  onSignedOut?: (why: Why) => void
}

/**
 * A client for one browser page (never for a server, which speaks for many people). The access token is in its memory
 * alone, the refresh token in an HttpOnly cookie.
 */
export function createGatehouse(
  { baseUrl = '', onSignedOut = () => {} }: Options = {},
  around: Partial<Surroundings> = {}
) {
  const world = { ...surroundings, ...around }
  const { fitting, patiently } = createExchanges(world)
  const state = createState({ name: `gatehouse ${baseUrl}`, now: world.now, onSignedOut })
  const plain = createClient<paths>({ baseUrl })
  const renewal = createRenewal(state, refreshing(plain, patiently), world)
  const server = createClient<paths>({ baseUrl, fetch: (request) => renewal.authorized(request, fitting) })
  const call =
    <M extends Method>(method: M) =>
    (path: string, init?: object) =>
      bodyOf<unknown>(server.request(method, path as never, init as never))

  return {
    api: {
      GET: call('get'),
      POST: call('post'),
      PUT: call('put'),
      PATCH: call('patch'),
      DELETE: call('delete')
    } as Api,
    session: createSession(plain, { state, exchange: fitting, renewal }),
    /** Stops listening to other tabs. */
    close: (): void => state.tabs.close()
  }
}

export type Gatehouse = ReturnType<typeof createGatehouse>
