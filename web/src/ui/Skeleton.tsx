import { useOnline } from '../shell/useOnline.ts'
import { Icon } from './Icon.tsx'
import './skeleton.css'
import './state.css'

/** Placeholder rows of the final size, so that nothing shifts. Offline, the page says what it waits for. */
export function Skeleton({ rows = 5, label }: { rows?: number; label: string }) {
  const online = useOnline()
  if (!online)
    return (
      <div role="status" className="state">
        <Icon name="offline" size={36} />
        <p className="soft">This page opens when you are online again.</p>
      </div>
    )
  return (
    <div role="status" className="skeleton">
      <span className="visually-hidden">{label}</span>
      {Array.from({ length: rows }, (_, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the rows are all alike
        <div key={row} className="skeleton-row" aria-hidden="true">
          <i className="bone dot" />
          <i className="bone line" />
        </div>
      ))}
    </div>
  )
}
