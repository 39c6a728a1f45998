import { Button } from '../ui/Button.tsx'
import { ErrorState } from '../ui/ErrorState.tsx'
import { Skeleton } from '../ui/Skeleton.tsx'
import { AccountPage } from './AccountPage.tsx'
import { SessionRow } from './SessionRow.tsx'
import { useSessions } from './useSessions.ts'

const intro =
  'The devices where you are signed in. If you do not recognize one, end its session and change your password.'

export default function SessionsPage() {
  const { list, end, endOthers } = useSessions()
  const sessions = list.data?.toSorted((one, other) => Number(other.current) - Number(one.current))
  const others = sessions?.some(({ current }) => !current)
  return (
    <AccountPage title="Sessions" intro={intro}>
      <div className="sheet">
        {list.isPending && <Skeleton rows={3} label="Loading your sessions" />}
        {list.isError && !sessions && (
          <ErrorState what="Your sessions" error={list.error} retry={() => void list.refetch()} />
        )}
        <ul aria-label="Sessions">
          {sessions?.map((session) => (
            <SessionRow
              key={session.id}
              session={session}
              ending={end.isPending && end.variables.id === session.id}
              onEnd={() => end.mutate(session)}
            />
          ))}
        </ul>
      </div>
      {others && (
        <div>
          <Button aria-disabled={endOthers.isPending} onClick={() => endOthers.mutate()}>
            End all other sessions
          </Button>
        </div>
      )}
      {sessions && !others && <p className="soft">You are not signed in on any other device.</p>}
    </AccountPage>
  )
}
