'use client'
import { useEffect, useState, useSyncExternalStore } from 'react'
import { session } from './gatehouse'
import { Notes } from './Notes'
import { SignIn } from './SignIn'

const unknown = { status: 'unknown' } as const

export function App() {
  const state = useSyncExternalStore(session.subscribe, session.state, () => unknown)
  const [trouble, setTrouble] = useState('')
  useEffect(() => {
    session.restore().catch((problem) => setTrouble(problem.detail)) // with the cookie, after a reload
  }, [])
  return (
    <main>
      <h1>my-app</h1>
      {trouble ? (
        <p role="alert">{trouble}</p>
      ) : state.status === 'unknown' ? (
        <p>One moment…</p>
      ) : state.status === 'in' ? (
        <Notes key={state.user.id} name={state.user.name} />
      ) : (
        <SignIn />
      )}
    </main>
  )
}
