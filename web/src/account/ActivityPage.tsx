import { useState } from 'react'
import type { Activity } from '../api/types.ts'
import { Button } from '../ui/Button.tsx'
import { ErrorState } from '../ui/ErrorState.tsx'
import { Skeleton } from '../ui/Skeleton.tsx'
import { AccountPage } from './AccountPage.tsx'
import { ActivityRow } from './ActivityRow.tsx'
import { NotMeDialog } from './NotMeDialog.tsx'
import { useActivity } from './useActivity.ts'

const intro =
  'What happened to your account lately. If you see something that was not you, say so: the next steps follow.'

export default function ActivityPage() {
  const { data, error, isPending, isError, refetch, ...more } = useActivity()
  const [denied, setDenied] = useState<Activity>()
  const activities = data?.pages.flatMap(({ items }) => items)
  return (
    <AccountPage title="Activity" intro={intro}>
      <div className="sheet">
        {isPending && <Skeleton rows={5} label="Loading your activity" />}
        {isError && !activities && <ErrorState what="Your activity" error={error} retry={() => void refetch()} />}
        {activities?.length === 0 && <p className="card soft">Nothing happened lately.</p>}
        <ul aria-label="Activity">
          {activities?.map((activity) => (
            <ActivityRow key={activity.id} activity={activity} onDeny={() => setDenied(activity)} />
          ))}
        </ul>
      </div>
      {more.hasNextPage && (
        <div className="stack">
          {more.isFetchNextPageError && <p role="alert">More could not be loaded.</p>}
          <Button aria-disabled={more.isFetchingNextPage} onClick={() => void more.fetchNextPage()}>
            {more.isFetchingNextPage ? 'Loading more…' : more.isFetchNextPageError ? 'Try again' : 'Show more'}
          </Button>
        </div>
      )}
      {denied && <NotMeDialog activity={denied} onClose={() => setDenied(undefined)} />}
    </AccountPage>
  )
}
