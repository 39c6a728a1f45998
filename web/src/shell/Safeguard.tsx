import { Component, type ReactNode } from 'react'
import { BrokenPage } from './BrokenPage.tsx'

/** An error boundary, which React offers only as a class. */
export class Safeguard extends Component<{ children: ReactNode }, { broken: boolean }> {
  override state = { broken: false }

  static getDerivedStateFromError() {
    return { broken: true }
  }

  override render() {
    return this.state.broken ? <BrokenPage /> : this.props.children
  }
}
