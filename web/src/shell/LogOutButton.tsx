import { onlineManager } from '@tanstack/react-query'
import { inWords } from '../api/problem.ts'
import { logOut } from '../api/session.ts'
import { flushDeletions } from '../tasks/deletions.ts'
import { hasUnsavedDraft } from '../tasks/editing.ts'
import { Button } from '../ui/Button.tsx'
import { warn } from '../ui/notices.ts'

async function leave() {
  if (!onlineManager.isOnline()) return warn('You are offline. Log out when you are back.')
  if (hasUnsavedDraft() && !confirm('Log out and lose the text that you are editing?')) return
  await flushDeletions()
  await logOut().catch((error) => warn(`You could not be logged out. ${inWords(error)}`))
}

export function LogOutButton() {
  return (
    <Button kind="quiet" onClick={() => void leave()}>
      Log out
    </Button>
  )
}
