import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { findUsers, showUser, type UserFilter } from '../api/admin.ts'
import { queries } from '../api/queries.ts'

/** The users that match, the latest sign-in first. */
export function useUsers(filter: UserFilter) {
  return useInfiniteQuery({
    queryKey: ['users', filter],
    queryFn: ({ pageParam, signal }) => findUsers(filter, pageParam, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined
  })
}

export const useUser = (id: string) =>
  useQuery({ queryKey: ['user', id], queryFn: ({ signal }) => showUser(id, signal) })

/** Reads again what an operation has changed. */
export async function followUser(id: string): Promise<void> {
  void queries.invalidateQueries({ queryKey: ['users'] })
  await queries.invalidateQueries({ queryKey: ['user', id] })
}
