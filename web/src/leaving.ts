import { queries } from './api/queries.ts'
import { onSignIn, onUserChange } from './api/session.ts'
import { isClearing } from './tasks/clearing.ts'
import { dropDeletions, flushDeletions } from './tasks/deletions.ts'
import { hasUnsavedDraft, stopEditing } from './tasks/editing.ts'
import { endTenure } from './tenure.ts'
import { clearNotices, warn, withdrawSessionEnd } from './ui/notices.ts'

/** When the page closes: sends deletions that can no longer be undone, and asks before unsaved text is lost. */
export function followLeaving(): void {
  addEventListener('pagehide', () => void flushDeletions(true))
  addEventListener('beforeunload', (event) => {
    if (hasUnsavedDraft() || queries.isMutating() > 0 || isClearing()) event.preventDefault()
  })
}

const many = (count: number) => (count === 1 ? '1 task was' : `${count} tasks were`)

/**
 * When the user changes: removes all of the previous user's data. Failed changes are reported without names, because
 * others may read them.
 */
export function followUsers(): void {
  onSignIn(withdrawSessionEnd)
  onUserChange(() => {
    endTenure()
    clearNotices()
    const { length } = dropDeletions()
    if (length > 0) warn(`${many(length)} not deleted: you were signed out first.`)
    queries.clear()
    stopEditing()
  })
}
