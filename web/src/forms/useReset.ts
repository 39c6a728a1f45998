import { useEffect } from 'react'

/** Calls back when a form is reset. */
export function useReset(clear: () => void): void {
  useEffect(() => {
    addEventListener('reset', clear)
    return () => removeEventListener('reset', clear)
  })
}
