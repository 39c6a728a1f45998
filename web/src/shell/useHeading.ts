import { useEffect, useRef } from 'react'
import { appName } from '../product.ts'

let first = true

/** True only once: after a page load the browser decides about the focus. */
function isFirstPage(): boolean {
  const answer = first
  first = false
  return answer
}

/** Sets the tab's title. After navigation within the app, moves the focus to the heading with this ref. */
export function useHeading(title: string) {
  const heading = useRef<HTMLHeadingElement>(null)

  useEffect(() => {
    document.title = `${title} · ${appName}`
    if (isFirstPage()) return
    // A field that waits for typing keeps the focus.
    if (!document.activeElement?.matches('main input')) heading.current?.focus({ preventScroll: true })
    window.scrollTo(0, 0)
  }, [title])

  return heading
}
