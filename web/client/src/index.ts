import createClient from 'openapi-fetch'
import type { paths, User } from './api.ts'
import { createApi } from './calls.ts'
import { createExchanges, type Surroundings, surroundings } from './exchange.ts'
import { isRefusal } from './problem.ts'
import { createRenewal } from './renewal.ts'
import { createSession, inCookie, refreshing } from './session.ts'
import { createState, type SessionState } from './state.ts'
import { createStepUp } from './step-up.ts'
import type { Why } from './tabs.ts'

export type * from './api.ts'
export type { Api } from './calls.ts'
export type { Surroundings } from './exchange.ts'
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

/**
 * A client for one browser page, never for a server. The access token is in memory, the refresh token in an
 * HttpOnly cookie. A product with operations of its own passes the `paths` that openapi-typescript generates from its document.
 */
export function createGatehouse<Paths extends object = paths>(
  { baseUrl = '', onSignedOut = () => {}, onStepUp, timeout = 30_000 }: GatehouseOptions = {},
  around: Partial<Surroundings> = {}
) {
  const world = { ...surroundings, ...around }
  const { fitting, patiently } = createExchanges(world, timeout)
  const state = createState({ name: `gatehouse ${baseUrl}`, now: world.now, onSignedOut })
  const plain = createClient<paths>({ baseUrl })
  const renewal = createRenewal(state, refreshing(plain, patiently), world)
  const confirmed = createStepUp(state, onStepUp)
  const keeper = { ...state, exclusively: state.tabs.exclusively, isOut: () => state.state().status === 'out' }

  return {
    api: createApi<Paths>({ baseUrl, fetch: (request) => renewal.authorized(request, fitting) }, confirmed),
    session: {
      state: (): SessionState => state.state(),

      /** Calls `listener` after every change. Returns a function that unsubscribes. */
      subscribe: (listener: () => void): (() => void) => state.subscribe(listener),

      /** Determines by the cookie who is signed in. Throws a GatehouseProblem when the server does not answer, and can be repeated. */
      async restore(): Promise<SessionState> {
        if (state.state().status === 'unknown')
          await renewal.renew().catch((error) => {
            if (!isRefusal(error)) throw error
          })
        return state.state()
      },

      ...createSession(plain, { keeper, exchange: fitting, renewal, confirmed, place: inCookie }),

      /** Call after `PUT /api/auth/profile`: shows the new name in every tab. */
      setUser: (user: User): void => state.setUser(user)
    },
    close: (): void => state.tabs.close()
  }
}

export type Gatehouse<Paths extends object = paths> = ReturnType<typeof createGatehouse<Paths>>
