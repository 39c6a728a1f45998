import type { ReactNode } from 'react'
import { Link, useLocation } from '../router.tsx'

interface Props {
  href: string
  /** Further pages for which this link is current. */
  also?: readonly string[]
  className?: string
  children: ReactNode
}

export function NavLink({ href, also = [], className = '', children }: Props) {
  const [path] = useLocation()
  const current = path === href ? 'page' : also.includes(path) ? 'true' : undefined
  return (
    <Link href={href} className={`nav-link ${className}`} aria-current={current}>
      {children}
    </Link>
  )
}
