import type { InfiniteData, UseInfiniteQueryResult } from '@tanstack/react-query'
import { type ReactNode, useEffect } from 'react'
import { Button } from '../ui/Button.tsx'
import { ErrorState } from '../ui/ErrorState.tsx'
import { Skeleton } from '../ui/Skeleton.tsx'

interface Props<Item> {
  /** The items in the plural, as in "users". */
  items: string
  /** Shown when none matches. */
  none: string
  found: UseInfiniteQueryResult<InfiniteData<{ items: Item[] }>>
  children: (item: Item) => ReactNode
}

/**
 * The results of a search, and a button for more. A search may read some pages before it finds anything: it continues
 * by itself after an empty page.
 */
export function FoundList<Item>({ items: name, none, found, children }: Props<Item>) {
  const { data, error, isPending, isError, refetch } = found
  const { hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage } = found
  const continues =
    data?.pages.at(-1)?.items.length === 0 && hasNextPage && !isFetchingNextPage && !isFetchNextPageError
  useEffect(() => {
    if (continues) void fetchNextPage()
  }, [continues, fetchNextPage])
  const items = data?.pages.flatMap((page) => page.items)
  const isSearching = isPending || (items?.length === 0 && hasNextPage && !isFetchNextPageError)
  return (
    <>
      <div className="sheet">
        {isSearching && <Skeleton rows={5} label={`Loading ${name}`} />}
        {isError && !items && <ErrorState what={`The ${name}`} error={error} retry={() => void refetch()} />}
        {items?.length === 0 && !isSearching && <p className="card soft">{none}</p>}
        <ul aria-label={name.replace(/^./, (first) => first.toUpperCase())}>{items?.map(children)}</ul>
      </div>
      {hasNextPage && !isSearching && (
        <div className="stack">
          {isFetchNextPageError && <p role="alert">More could not be loaded.</p>}
          <Button aria-disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            {isFetchingNextPage ? 'Loading more…' : isFetchNextPageError ? 'Try again' : 'Show more'}
          </Button>
        </div>
      )}
    </>
  )
}
