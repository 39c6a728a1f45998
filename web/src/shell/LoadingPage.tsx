import { Skeleton } from '../ui/Skeleton.tsx'
import { BarePage } from './BarePage.tsx'

/** A page whose code, or whose session, is still on its way. */
export function LoadingPage() {
  return (
    <BarePage>
      <div className="sheet">
        <Skeleton label="Loading" />
      </div>
    </BarePage>
  )
}
