import { useState } from 'react'
import { logOut, useSession } from '../api/session.ts'
import { useLocation, useSearch } from '../router.tsx'
import { hasUnsavedDraft } from '../tasks/editing.ts'
import { Button } from '../ui/Button.tsx'
import { Icon } from '../ui/Icon.tsx'
import { warn } from '../ui/notices.ts'
import { loginFrom } from './next.ts'

/** Shown where the server refuses a page to this account (403), with a way to sign in as another and return. */
export default function OtherAccount() {
  const { user } = useSession()
  const [path, navigate] = useLocation()
  const search = useSearch()
  const [leaving, setLeaving] = useState(false)

  async function change() {
    if (leaving || (hasUnsavedDraft() && !confirm('Sign out and lose your unsaved changes?'))) return
    setLeaving(true)
    try {
      await logOut()
      navigate(loginFrom(path, search), { replace: true })
    } catch (error) {
      warn('You could not be signed out.', error)
      setLeaving(false)
    }
  }

  return (
    <div className="state" role="alert">
      <Icon name="alert" size={36} />
      <h2>This page belongs to another account</h2>
      <p className="soft">You are signed in as {user?.email}. Sign in with the other account to see this page.</p>
      <Button aria-disabled={leaving} onClick={() => void change()}>
        {leaving ? 'Signing out…' : 'Switch account'}
      </Button>
    </div>
  )
}
