'use client'
import { type FormEvent, useEffect, useState } from 'react'
import type { Note } from './api'
import { api, session } from './gatehouse'

export function Notes({ name }: { name: string }) {
  const [notes, setNotes] = useState<Note[]>([])
  const [trouble, setTrouble] = useState('')

  useEffect(() => {
    const stop = new AbortController()
    api.GET('/api/notes', { params: { query: { limit: 100 } }, signal: stop.signal }).then(
      // Those that were added meanwhile are first.
      ({ items }) =>
        setNotes((added) => [...added.filter(({ id }) => items.every((note) => note.id !== id)), ...items]),
      (problem) => stop.signal.aborted || setTrouble(problem.detail)
    )
    return () => stop.abort()
  }, [])

  async function add(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const form = event.currentTarget
    // A repeated request with this key adds no second note.
    const header = { 'Idempotency-Key': crypto.randomUUID() }
    try {
      const text = String(new FormData(form).get('text'))
      const note = await api.POST('/api/notes', { body: { text }, params: { header } })
      setNotes((notes) => [note, ...notes])
      setTrouble('')
      form.reset()
    } catch (problem) {
      setTrouble((problem as { detail: string }).detail)
    }
  }

  async function remove(id: string) {
    try {
      await api.DELETE('/api/notes/{id}', { params: { path: { id } } })
      setNotes((notes) => notes.filter((note) => note.id !== id))
    } catch (problem) {
      setTrouble((problem as { detail: string }).detail)
    }
  }

  return (
    <>
      <p>
        {name}{' '}
        <button type="button" onClick={() => session.logOut()}>
          Sign out
        </button>
      </p>
      <form onSubmit={add}>
        <label>
          New note <input name="text" required />
        </label>
        <button type="submit">Add</button>
      </form>
      <p role="alert">{trouble}</p>
      <ul>
        {notes.map(({ id, text }) => (
          <li key={id}>
            {text}{' '}
            <button type="button" onClick={() => remove(id)}>
              Delete
            </button>
          </li>
        ))}
      </ul>
    </>
  )
}
