import type { ReactNode } from 'react'
import { hasTasks } from '../product.ts'
import { useHeading } from '../shell/useHeading.ts'
import { Gate } from '../ui/Gate.tsx'
import './entry.css'

/** The pages for signing in and up: the form, and where there is room an illustration beside it. */
export function EntryPage({ title, children }: { title: string; children: ReactNode }) {
  const heading = useHeading(title)
  return (
    <main id="main" className="entry">
      <div className="entry-form">
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        {children}
      </div>
      <div className="entry-picture">
        <Gate />
        {hasTasks && <p>Your tasks, for your eyes only.</p>}
      </div>
    </main>
  )
}
