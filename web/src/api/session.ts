import { useSyncExternalStore } from 'react'
import { createStore } from '../store.ts'
import { session } from './gatehouse.ts'

export const { signUp, logIn, logOut } = session

const trouble = createStore<unknown>(undefined)

/** Asks the server who is logged in here; while it cannot be asked, `useRestoreTrouble` says why. */
export function restoreSession(): void {
  trouble.set(undefined)
  session.restore().catch(trouble.set)
}

export const useRestoreTrouble = trouble.use

/** Who is logged in, in every tab alike. `ended` when the session was over without anyone here logging out. */
export function useSession() {
  const state = useSyncExternalStore(session.subscribe, session.state)
  return {
    status: state.status,
    user: state.status === 'in' ? state.user : undefined,
    why: state.status === 'out' ? state.why : undefined
  }
}

/** Calls back when another user, or nobody on purpose, is logged in: what belonged to the one before must go. */
export function onUserChange(forget: () => void): void {
  let last: string | undefined
  session.subscribe(() => {
    const state = session.state()
    if (state.status === 'unknown') return
    const left = state.status === 'out' && state.why === 'logout'
    const changed = state.status === 'in' && last !== undefined && last !== state.user.id
    if (left || changed) forget()
    if (state.status === 'in') last = state.user.id
  })
}
