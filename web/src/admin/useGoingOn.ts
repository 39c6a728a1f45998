import { useEffect } from 'react'

interface Query {
  data: { pages: { items: unknown[] }[] } | undefined
  hasNextPage: boolean
  isFetchingNextPage: boolean
  isFetchNextPageError: boolean
  fetchNextPage: () => Promise<unknown>
}

/** A search may read some pages before it finds anything: it goes on by itself after an empty page. */
export function useGoingOn({
  data,
  hasNextPage,
  isFetchingNextPage,
  isFetchNextPageError,
  fetchNextPage
}: Query): void {
  const isEmpty = data?.pages.at(-1)?.items.length === 0
  const goesOn = isEmpty && hasNextPage && !isFetchingNextPage && !isFetchNextPageError
  useEffect(() => {
    if (goesOn) void fetchNextPage()
  }, [goesOn, fetchNextPage])
}
