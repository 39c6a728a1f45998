import { queries } from './api/queries.ts'
import { onUserChange } from './api/session.ts'
import { dropDeletions, flushDeletions } from './tasks/deletions.ts'
import { hasUnsavedDraft, stopEditing } from './tasks/editing.ts'
import { warn } from './ui/notices.ts'
import { quoted } from './ui/quoted.ts'

/** When the page goes: what can no longer be undone is sent, and nothing written is lost without a question. */
export function followLeaving(): void {
  addEventListener('pagehide', () => void flushDeletions(true))
  addEventListener('beforeunload', (event) => {
    if (hasUnsavedDraft() || queries.isMutating() > 0) event.preventDefault()
  })
}

/** When the user goes: nothing of theirs stays, and what could not be done any more is named. */
export function followUsers(): void {
  onUserChange(() => {
    for (const { title } of dropDeletions()) warn(`${quoted(title)} was not deleted: you were logged out before.`)
    queries.clear()
    stopEditing()
  })
}
