import createClient from 'openapi-fetch'
import type { paths } from './api.ts'
import type { Api, Method } from './calls.ts'
import { createExchanges, type Surroundings, surroundings } from './exchange.ts'
import { createRenewal } from './renewal.ts'
import { bodyOf, createSession, refreshing } from './session.ts'
import { createState } from './state.ts'
import { createStepUp } from './step-up.ts'
import type { Why } from './tabs.ts'

export type * from './api.ts'
export type { Api } from './calls.ts'
export {
  type GatehouseCode,
  GatehouseProblem,
  isAboutToken,
  isSecondFactorRequired,
  type SecondFactorRequired
} from './problem.ts'
export type { SessionState } from './state.ts'
export type { Why } from './tabs.ts'

export interface GatehouseOptions {
  /** The origin of Gatehouse, such as `https://api.example.com`. Default: the page's origin. */
  baseUrl?: string
  /** Called when the user is signed out: by `logOut` in any tab, or because the session has ended. */
  onSignedOut?: (why: Why) => void
  /**
   * Called when the server wants to know again who the user is: let the user call `session.stepUp`. True: the call is repeated. False:
   * it fails with `step_up_required`, as it does without this option.
   */
  onStepUp?: () => Promise<boolean>
  /** Milliseconds for a call and its retries, 0 for no limit. Default: 30,000. */
  timeout?: number
}

/** A client for one browser page, never for a server. The access token is in memory, the refresh token in an HttpOnly cookie. */
export function createGatehouse(
  { baseUrl = '', onSignedOut = () => {}, onStepUp, timeout = 30_000 }: GatehouseOptions = {},
  around: Partial<Surroundings> = {}
) {
  const world = { ...surroundings, ...around }
  const { fitting, patiently } = createExchanges(world, timeout)
  const state = createState({ name: `gatehouse ${baseUrl}`, now: world.now, onSignedOut })
  const plain = createClient<paths>({ baseUrl })
  const renewal = createRenewal(state, refreshing(plain, patiently), world)
  const server = createClient<paths>({ baseUrl, fetch: (request) => renewal.authorized(request, fitting) })
  const confirmed = createStepUp(state, onStepUp)
  const call =
    <M extends Method>(method: M) =>
    (path: string, init?: object) =>
      confirmed(() => bodyOf<unknown>(server.request(method, path as never, init as never)))

  return {
    api: {
      GET: call('get'),
      POST: call('post'),
      PUT: call('put'),
      PATCH: call('patch'),
      DELETE: call('delete')
    } as Api,
    session: createSession(plain, { state, exchange: fitting, renewal, confirmed }),
    close: (): void => state.tabs.close()
  }
}

export type Gatehouse = ReturnType<typeof createGatehouse>
