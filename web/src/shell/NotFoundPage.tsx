import { hasTasks } from '../product.ts'
import { Link } from '../router.tsx'
import { EmptyState } from '../ui/EmptyState.tsx'
import { Page } from './Page.tsx'

export default function NotFoundPage() {
  return (
    <Page title="Page not found">
      <EmptyState title="This page does not exist">
        <p>
          Check the address, or <Link href="/">go to your {hasTasks ? 'tasks' : 'account'}</Link>.
        </p>
      </EmptyState>
    </Page>
  )
}
