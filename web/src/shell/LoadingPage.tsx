import { Skeleton } from '../ui/Skeleton.tsx'

/** A page whose code, or whose session, is still on its way. */
export function LoadingPage() {
  return (
    <main id="main" className="page">
      <div className="sheet">
        <Skeleton label="Loading" />
      </div>
    </main>
  )
}
