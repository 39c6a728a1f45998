import type { ReactNode } from 'react'
import { NavLink } from './NavLink.tsx'
import { Page } from './Page.tsx'

interface Props {
  /** Of the section, for screen readers. */
  label: string
  /** Path, text, and the paths of pages below it. */
  links: readonly (readonly [href: string, text: string, also: readonly string[]])[]
  title: string
  intro?: ReactNode
  children: ReactNode
}

/** A page of a section, with links to the others. */
export function SectionPage({ label, links, title, intro, children }: Props) {
  return (
    <div className="account">
      <nav className="account-nav" aria-label={label}>
        {links.map(([href, text, also]) => (
          <NavLink key={href} href={href} also={also}>
            {text}
          </NavLink>
        ))}
      </nav>
      <Page title={title} intro={intro}>
        {children}
      </Page>
    </div>
  )
}
