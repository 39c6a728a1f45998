import { useLayoutEffect, useRef } from 'react'
import { leaveBody } from './focus.ts'

/** For an element that disappears while it may have the focus, which goes to the heading then. */
export function useLeaving<T extends HTMLElement>() {
  const ref = useRef<T>(null)
  // Before the element is removed, when it still has the focus.
  useLayoutEffect(() => {
    const element = ref.current
    return () => {
      if (element?.contains(document.activeElement)) leaveBody()
    }
  }, [])
  return ref
}
