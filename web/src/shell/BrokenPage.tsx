import { Button } from '../ui/Button.tsx'
import { EmptyState } from '../ui/EmptyState.tsx'
import { warn } from '../ui/notices.ts'
import { BarePage } from './BarePage.tsx'

/**
 * Loads all anew, which is the one way to have again what React and the browser remember as failed; but not before the
 * server answers, or the browser's own error would take the place of ours.
 */
async function retry() {
  const answers = await fetch(location.href, { cache: 'no-store' }).then(
    ({ ok }) => ok,
    () => false
  )
  if (answers) location.reload()
  else warn('Gatehouse is not responding. Check your connection and try again.')
}

/** Stands where a page broke, or where its code could not be fetched. */
export function BrokenPage() {
  return (
    <BarePage>
      <div role="alert">
        <EmptyState title="This page could not be shown">
          <p>The connection may have been lost, or Gatehouse may have been updated.</p>
          <Button onClick={() => void retry()}>Try again</Button>
        </EmptyState>
      </div>
    </BarePage>
  )
}
