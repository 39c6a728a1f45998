import { useEffect, useEffectEvent, useRef } from 'react'
import { Button } from '../ui/Button.tsx'
import type { useTaskPages } from './queries.ts'

interface Props {
  query: ReturnType<typeof useTaskPages>
  shown: number
}

/**
 * Fetches the next page when the end of the list comes near. After a failure, or without IntersectionObserver, a button
 * does.
 */
export default function MoreTasks({ query, shown }: Props) {
  const end = useRef<HTMLDivElement>(null)
  const { isFetching, isFetchingNextPage, isFetchNextPageError, fetchNextPage } = query
  const fetchMore = useEffectEvent(() => void fetchNextPage())

  // biome-ignore lint/correctness/useExhaustiveDependencies: rows that left may bring the end near without its crossing any line
  useEffect(() => {
    if (!end.current || isFetching || isFetchNextPageError) return
    const watcher = new IntersectionObserver(([entry]) => entry?.isIntersecting && fetchMore(), { rootMargin: '600px' })
    watcher.observe(end.current)
    return () => watcher.disconnect()
  }, [shown, isFetching, isFetchNextPageError])

  return (
    <div ref={end} className="more">
      {isFetchNextPageError && <p role="alert">More tasks could not be loaded.</p>}
      <Button aria-disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
        {isFetchingNextPage ? 'Loading more…' : isFetchNextPageError ? 'Try again' : 'Show more'}
      </Button>
    </div>
  )
}
