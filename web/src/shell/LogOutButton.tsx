import { onlineManager } from '@tanstack/react-query'
import { useState } from 'react'
import { logOut } from '../api/session.ts'
import { flushDeletions } from '../tasks/deletions.ts'
import { hasUnsavedDraft } from '../tasks/editing.ts'
import { Button } from '../ui/Button.tsx'
import { warn } from '../ui/notices.ts'

async function leave() {
  if (!onlineManager.isOnline()) return warn('You are offline. Sign out when you are online again.')
  if (hasUnsavedDraft() && !confirm('Sign out and lose your unsaved changes?')) return
  await flushDeletions()
  await logOut().catch((error) => warn('You could not be signed out.', error))
}

/** Shows progress, because signing out may take until the client's timeout. */
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
      {leaving ? 'Signing out…' : 'Sign out'}
    </Button>
  )
}
