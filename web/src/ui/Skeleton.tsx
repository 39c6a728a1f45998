import './skeleton.css'

/** Placeholder rows of the final size, so that nothing shifts. */
export function Skeleton({ rows = 5, label }: { rows?: number; label: string }) {
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
