import { useSyncExternalStore } from 'react'
import { createStore } from '../store.ts'
import { session } from './gatehouse.ts'

export const {
  signUp,
  logIn,
  completeLogIn,
  logInWithPasskey,
  passkeyOptions,
  logOut,
  forgotPassword,
  resetPassword,
  verifyEmail,
  confirmEmail,
  cancelEmailChange,
  stepUp
} = session

const trouble = createStore<unknown>(undefined)

/** Asks the server who is signed in. If it does not answer, `useRestoreTrouble` has the reason. */
export function restoreSession(): void {
  trouble.set(undefined)
  session.restore().catch(trouble.set)
}

export const useRestoreTrouble = trouble.use

/** The signed-in user, the same in every tab. `ended`: the session ended without a sign-out here. */
export function useSession() {
  const state = useSyncExternalStore(session.subscribe, session.state)
  return {
    status: state.status,
    user: state.status === 'in' ? state.user : undefined,
    why: state.status === 'out' ? state.why : undefined
  }
}

/** Calls back when a signed-out user has signed in. */
export function onSignIn(act: () => void): void {
  let last = session.state().status
  session.subscribe(() => {
    const { status } = session.state()
    if (last === 'out' && status === 'in') act()
    last = status
  })
}

/** Calls back when another user signs in, or the user signs out: the previous user's data must be removed. */
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
