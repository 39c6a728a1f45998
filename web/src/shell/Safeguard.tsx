import { Component, type ReactNode } from 'react'
import { Button } from '../ui/Button.tsx'
import { EmptyState } from '../ui/EmptyState.tsx'

/** Stands in for a page that broke, or whose code could not be fetched. React has this only as a class. */
export class Safeguard extends Component<{ children: ReactNode }, { broken: boolean }> {
  override state = { broken: false }

  static getDerivedStateFromError() {
    return { broken: true }
  }

  override render() {
    if (!this.state.broken) return this.props.children
    return (
      <main id="main" className="page" role="alert">
        <EmptyState title="This page could not be shown">
          <p>Perhaps the connection was lost, or Gatehouse has a newer version.</p>
          <Button onClick={() => location.reload()}>Reload</Button>
        </EmptyState>
      </main>
    )
  }
}
