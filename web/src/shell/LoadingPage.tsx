import { Skeleton } from '../ui/Skeleton.tsx'
import { BarePage } from './BarePage.tsx'

/** Shown while a page's code or the session is loading. */
export function LoadingPage() {
  return (
    <BarePage>
      <div className="sheet">
        <Skeleton label="Loading" />
      </div>
    </BarePage>
  )
}
