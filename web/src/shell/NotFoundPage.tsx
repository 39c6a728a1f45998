import { Link } from 'wouter'
import { EmptyState } from '../ui/EmptyState.tsx'
import { Page } from './Page.tsx'

export function NotFoundPage() {
  return (
    <Page title="Nothing here">
      <EmptyState title="This gate leads nowhere">
        <p>
          There is no such page. <Link href="/">Go to your tasks</Link>
        </p>
      </EmptyState>
    </Page>
  )
}
