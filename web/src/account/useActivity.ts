import { useInfiniteQuery } from '@tanstack/react-query'
import { listActivity } from '../api/account.ts'

/** What happened to the account, newest first. */
export const useActivity = () =>
  useInfiniteQuery({
    queryKey: ['activity'],
    queryFn: ({ pageParam, signal }) => listActivity(pageParam, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined
  })
