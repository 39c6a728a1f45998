import { notResponding } from '../api/problem.ts'
import { appName } from '../product.ts'
import { hasUnsavedDraft } from '../tasks/editing.ts'
import { Button } from '../ui/Button.tsx'
import { EmptyState } from '../ui/EmptyState.tsx'
import { warn } from '../ui/notices.ts'
import { BarePage } from './BarePage.tsx'
import { useOnReturn } from './useOnline.ts'

/**
 * Reloads the page, the only way to retry what React and the browser cache as failed. Waits until the server answers,
 * because otherwise the browser's own error page would appear.
 */
async function retry() {
  const answers = await fetch(location.href, { cache: 'no-store' }).then(
    ({ ok }) => ok,
    () => false
  )
  if (answers) location.reload()
  else warn(notResponding)
}

/** Shown when a page crashed, or when its code could not be loaded. */
export function BrokenPage() {
  useOnReturn(() => {
    if (!hasUnsavedDraft()) void retry()
  })
  return (
    <BarePage>
      <div role="alert">
        <EmptyState title="This page could not be shown">
          <p>The connection may have been lost, or {appName} may have been updated.</p>
          <Button onClick={() => void retry()}>Try again</Button>
        </EmptyState>
      </div>
    </BarePage>
  )
}
