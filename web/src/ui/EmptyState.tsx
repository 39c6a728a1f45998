import type { ReactNode } from 'react'
import { Gate } from './Gate.tsx'
import './state.css'

export function EmptyState({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div className="state">
      <Gate />
      <h2>{title}</h2>
      <div className="soft">{children}</div>
    </div>
  )
}
