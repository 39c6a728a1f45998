import { useMutation, useQuery } from '@tanstack/react-query'
import { endOtherSessions, endSession, listSessions } from '../api/account.ts'
import { isGone } from '../api/problem.ts'
import { queries } from '../api/queries.ts'
import type { Session } from '../api/types.ts'
import { say, warn } from '../ui/notices.ts'
import { leaveBody, leaveRow } from './focus.ts'

const queryKey = ['sessions']
const keep = (wanted: (session: Session) => boolean) =>
  queries.setQueryData<Session[]>(queryKey, (sessions) => sessions?.filter(wanted))

function drop(id: string): void {
  leaveRow(id)
  keep((session) => session.id !== id)
}

/** The account's sessions, with the mutations that end them. */
export function useSessions() {
  const list = useQuery({ queryKey, queryFn: ({ signal }) => listSessions(signal) })

  const end = useMutation({
    mutationFn: ({ id }: Session) => endSession(id),
    onSuccess: (_, { id }) => {
      drop(id)
      say('The session was ended.')
    },
    onError: (error, { id }) => {
      if (!isGone(error)) return warn('The session was not ended.', error)
      drop(id)
      say('The session had already ended.')
    }
  })

  const endOthers = useMutation({
    mutationFn: endOtherSessions,
    onSuccess: () => {
      leaveBody()
      keep(({ current }) => current)
      say('All other sessions were ended.')
    },
    onError: (error) => warn('The other sessions were not ended.', error)
  })

  return { list, end, endOthers }
}
