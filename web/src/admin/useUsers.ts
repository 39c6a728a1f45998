import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useEffect } from 'react'
import { findUsers, showUser, type UserFilter } from '../api/admin.ts'
import { queries } from '../api/queries.ts'

/** The users that match, the latest sign-in first. A search may read some pages before it finds one: it goes on by itself. */
export function useUsers(filter: UserFilter) {
  const query = useInfiniteQuery({
    queryKey: ['users', filter],
    queryFn: ({ pageParam, signal }) => findUsers(filter, pageParam, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined
  })
  const { hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage } = query
  const isEmpty = query.data?.pages.at(-1)?.items.length === 0
  const goesOn = isEmpty && hasNextPage && !isFetchingNextPage && !isFetchNextPageError
  useEffect(() => {
    if (goesOn) void fetchNextPage()
  }, [goesOn, fetchNextPage])
  return query
}

export const useUser = (id: string) =>
  useQuery({ queryKey: ['user', id], queryFn: ({ signal }) => showUser(id, signal) })

/** Reads again what an operation has changed. */
export async function followUser(id: string): Promise<void> {
  void queries.invalidateQueries({ queryKey: ['users'] })
  await queries.invalidateQueries({ queryKey: ['user', id] })
}
