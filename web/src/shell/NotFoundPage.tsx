import { Link } from '../router.tsx'
import { EmptyState } from '../ui/EmptyState.tsx'
import { Page } from './Page.tsx'

export function NotFoundPage() {
  return (
    <Page title="Page not found">
      <EmptyState title="This page does not exist">
        <p>
          Check the address, or <Link href="/">go to your tasks</Link>.
        </p>
      </EmptyState>
    </Page>
  )
}
