import { type AnchorHTMLAttributes, type MouseEvent, useLayoutEffect } from 'react'
import { navigate, usePathname } from 'wouter/use-browser-location'

// wouter's own links and routes match patterns, which fixed paths do not need. Its hook also decodes the query string, which
// turns `%25` into `%`.
export { useSearch } from 'wouter/use-browser-location'

/** The path of the page, and a function to open another one. */
export const useLocation = () => [usePathname(), navigate] as const

interface LinkProps extends Omit<AnchorHTMLAttributes<HTMLAnchorElement>, 'onClick'> {
  href: string
}

/** A link to a page of the app. Clicks for another tab or window are left to the browser. */
export function Link({ href, ...rest }: LinkProps) {
  function onClick(event: MouseEvent) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || event.button !== 0) return
    event.preventDefault()
    navigate(href)
  }
  return <a href={href} {...rest} onClick={onClick} />
}

/** Opens another page in place of this one. */
export function Redirect({ to }: { to: string }) {
  useLayoutEffect(() => navigate(to, { replace: true }), [to])
  return null
}
