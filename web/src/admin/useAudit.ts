import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { type AuditFilter, countDays, listAudit } from '../api/admin.ts'

/** The events that match, newest first. */
export function useAudit(filter: AuditFilter) {
  return useInfiniteQuery({
    queryKey: ['audit', filter],
    queryFn: ({ pageParam, signal }) => listAudit(filter, pageParam, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined
  })
}

export const useDays = () =>
  useQuery({ queryKey: ['days'], queryFn: ({ signal }) => countDays(signal).then(({ items }) => items) })
