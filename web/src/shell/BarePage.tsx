import type { ReactNode } from 'react'
import { appName } from '../product.ts'

/** Stands in place of a page that is not there yet, or cannot be shown. Its heading is for those who cannot see it. */
export function BarePage({ children }: { children: ReactNode }) {
  return (
    <main id="main" className="page">
      <h1 className="visually-hidden">{appName}</h1>
      {children}
    </main>
  )
}
