import type { ReactNode } from 'react'
import { Notices } from '../ui/Notices.tsx'
import { ConnectionBanner } from './ConnectionBanner.tsx'
import { Header } from './Header.tsx'
import './shell.css'

/** The frame of every page. */
export function Shell({ children }: { children: ReactNode }) {
  return (
    <div className="shell">
      <a className="skip" href="#main">
        Skip to the content
      </a>
      <Header />
      <ConnectionBanner />
      {children}
      <footer className="foot">
        <a href="/docs">API documentation</a>
      </footer>
      <Notices />
    </div>
  )
}
