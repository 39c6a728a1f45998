import { queries } from './api/queries.ts'
import { onUserChange } from './api/session.ts'
import { dropDeletions, flushDeletions } from './tasks/deletions.ts'
import { hasUnsavedDraft, stopEditing } from './tasks/editing.ts'
import { endTenure } from './tenure.ts'
import { clearNotices, warn } from './ui/notices.ts'

/** When the page goes: what can no longer be undone is sent, and nothing written is lost without a question. */
export function followLeaving(): void {
  addEventListener('pagehide', () => void flushDeletions(true))
  addEventListener('beforeunload', (event) => {
    if (hasUnsavedDraft() || queries.isMutating() > 0) event.preventDefault()
  })
}

const many = (count: number) => (count === 1 ? '1 task was' : `${count} tasks were`)

/** When the user goes: nothing of theirs stays. What could not be done any more is told without its name: others may read it. */
export function followUsers(): void {
  onUserChange(() => {
    endTenure()
    clearNotices()
    const { length } = dropDeletions()
    if (length > 0) warn(`${many(length)} not deleted: you were signed out first.`)
    queries.clear()
    stopEditing()
  })
}
