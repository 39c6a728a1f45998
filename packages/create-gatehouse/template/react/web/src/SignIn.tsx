'use client'
import { GatehouseProblem } from '@gatehouse/client'
import { type FormEvent, useState } from 'react'
import { session } from './gatehouse'

/** What to say about an error: what is wrong with the fields, if the server says so. */
function messageOf(error: unknown): string {
  if (!(error instanceof GatehouseProblem)) throw error
  return error.errors?.map(({ message }) => message).join(', ') || error.detail
}

export function SignIn() {
  const [isNew, setIsNew] = useState(false)
  const [message, setMessage] = useState('')

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    const [name, email, password] = ['name', 'email', 'password'].map((field) => String(form.get(field) ?? ''))
    try {
      await (isNew ? session.signUp({ name, email, password }) : session.logIn({ email, password }))
    } catch (error) {
      setMessage(messageOf(error))
    }
  }

  return (
    <form onSubmit={submit}>
      {isNew && (
        <label>
          Name <input name="name" autoComplete="name" required />
        </label>
      )}
      <label>
        Email <input name="email" type="email" autoComplete="username" required />
      </label>
      <label>
        Password{' '}
        <input name="password" type="password" autoComplete={isNew ? 'new-password' : 'current-password'} required />
      </label>
      <button type="submit">{isNew ? 'Sign up' : 'Sign in'}</button>
      <button type="button" onClick={() => setIsNew(!isNew)}>
        {isNew ? 'I have an account' : 'Create an account'}
      </button>
      <p role="alert">{message}</p>
    </form>
  )
}
