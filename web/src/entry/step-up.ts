import { createStore } from '../store.ts'

/** Closes the dialog. The requests that wait for it are repeated, or given up. */
type Answer = (isConfirmed: boolean) => void

const asked = createStore<Answer | undefined>(undefined)

export const useStepUp = asked.use

/** Asks who is signed in to confirm it. False: the user does not want to. */
export const askStepUp = () => new Promise<boolean>((answer) => asked.set(answer)).finally(() => asked.set(undefined))
