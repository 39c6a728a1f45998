import type { ReactNode } from 'react'
import { useHeading } from './useHeading.ts'
import './page.css'

export function Page({ title, intro, children }: { title: string; intro?: ReactNode; children: ReactNode }) {
  const heading = useHeading(title)
  return (
    <main id="main" className="page">
      <header className="page-head">
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        {intro && <p className="soft">{intro}</p>}
      </header>
      {children}
    </main>
  )
}
