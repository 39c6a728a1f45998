import { useState } from 'react'
import { hasCode } from '../api/problem.ts'
import { passkeyTrouble } from './passkeys.ts'

export const unknownPasskey = 'This passkey does not belong to an account here, or it took too long. Try again.'

/** Keeps what the browser or the server said about a passkey, in words. */
export function usePasskeyTrouble() {
  const [trouble, setTrouble] = useState('')

  async function attempt(act: () => Promise<unknown>): Promise<void> {
    setTrouble('')
    try {
      await act()
    } catch (error) {
      const words = hasCode(error, 'invalid_credentials') ? unknownPasskey : passkeyTrouble(error)
      if (words === '') throw error
      setTrouble(words)
    }
  }

  return { trouble, attempt }
}
