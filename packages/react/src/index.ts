'use client'

import type { Gatehouse, SessionState, User, Why } from '@gatehouse/client'
import {
  createContext,
  createElement,
  type ReactNode,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useState,
  useSyncExternalStore
} from 'react'

type Session = Pick<Gatehouse['session'], 'state' | 'subscribe' | 'restore'>

interface Shared {
  session: Session
  trouble: unknown
  retry: () => void
}

const Context = createContext<Shared | undefined>(undefined)

interface ProviderProps {
  /** What `createGatehouse` returned, one for the page. */
  client: { session: Session }
  children?: ReactNode
}

/** Asks Gatehouse once who is signed in, and shares the answer with all components in it. On a server it asks nothing. */
export function GatehouseProvider({ client: { session }, children }: ProviderProps) {
  const [trouble, setTrouble] = useState<unknown>()
  const retry = useCallback(() => {
    setTrouble(undefined)
    session.restore().catch((error: unknown) => setTrouble(error))
  }, [session])
  useEffect(retry, [retry])
  const shared = useMemo(() => ({ session, trouble, retry }), [session, trouble, retry])
  return createElement(Context.Provider, { value: shared }, children)
}

function useShared(): Shared {
  const shared = useContext(Context)
  if (!shared) throw new Error('This component must be inside <GatehouseProvider>')
  return shared
}

// A server does not know who is signed in, and the first render in the browser must be the same.
const unknown: SessionState = { status: 'unknown' }

function useSessionState(): SessionState {
  const { session } = useShared()
  return useSyncExternalStore(session.subscribe, session.state, () => unknown)
}

export interface UsedSession {
  /** `unknown` until Gatehouse has answered. */
  status: SessionState['status']
  user: User | undefined
  /** Why the user is signed out, if they were signed in on this page. */
  why: Why | undefined
  /** Why it is still unknown: the problem of a Gatehouse that does not answer. */
  trouble: unknown
  /** Asks again. */
  retry: () => void
}

/** Who is signed in, the same in every tab. */
export function useSession(): UsedSession {
  const { trouble, retry } = useShared()
  const state = useSessionState()
  return {
    status: state.status,
    user: state.status === 'in' ? state.user : undefined,
    why: state.status === 'out' ? state.why : undefined,
    trouble: state.status === 'unknown' ? trouble : undefined,
    retry
  }
}

/** The signed-in user, or undefined. */
export function useUser(): User | undefined {
  const state = useSessionState()
  return state.status === 'in' ? state.user : undefined
}
