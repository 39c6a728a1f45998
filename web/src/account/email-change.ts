import { createStore } from '../store.ts'

interface EmailChange {
  userId: string
  email: string
  /** When the mail can be sent again, in milliseconds since 1970. */
  again: number
}

const asked = createStore<EmailChange | undefined>(undefined)

export const rememberChange = asked.set

/** The address that the user has asked for and not confirmed yet, as far as this tab knows. */
export function useEmailChange(userId: string): EmailChange | undefined {
  const change = asked.use()
  return change?.userId === userId ? change : undefined
}
