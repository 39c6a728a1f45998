import { onlineManager } from '@tanstack/react-query'
import { useState } from 'react'
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

/** Says that it is at work, which may take until the client gives up. */
export function LogOutButton() {
  const [leaving, setLeaving] = useState(false)

  async function onClick() {
    if (leaving) return
    setLeaving(true)
    await leave()
    setLeaving(false)
  }

  return (
    <Button kind="quiet" aria-disabled={leaving} onClick={() => void onClick()}>
      {leaving ? 'Leaving…' : 'Log out'}
    </Button>
  )
}
