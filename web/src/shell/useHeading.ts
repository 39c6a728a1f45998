import { useEffect, useRef } from 'react'

let first = true

/** True once: a page that the browser has just loaded keeps the focus where the browser put it. */
function isFirstPage(): boolean {
  const answer = first
  first = false
  return answer
}

/** Names the tab after a page, and on the way here from another page takes the focus to the heading that gets this ref. */
export function useHeading(title: string) {
  const heading = useRef<HTMLHeadingElement>(null)

  useEffect(() => {
    document.title = `${title} · Gatehouse`
    if (isFirstPage()) return
    heading.current?.focus({ preventScroll: true })
    window.scrollTo(0, 0)
  }, [title])

  return heading
}
