import { api, session } from './gatehouse.ts'

export const { changePassword } = session

export const deleteAccount = (password: string) => session.deleteAccount({ password })

export const getProfile = (signal: AbortSignal) => api.GET('/api/auth/profile', { signal })

/** Changes the name, also in other tabs. */
export async function changeName(name: string) {
  const user = await api.PUT('/api/auth/profile', { body: { name } })
  session.setUser(user)
  return user
}

/** Sends the mail to confirm the address again. */
export const sendVerification = () => api.POST('/api/auth/email/verification')

/** Asks for another address; a mail to it confirms the change. */
export const changeEmail = (email: string) => api.POST('/api/auth/email/change', { body: { email } })

export async function listSessions(signal: AbortSignal) {
  const { items } = await api.GET('/api/auth/sessions', { signal })
  return items
}

/** One page of what happened to the account. */
export const listActivity = (cursor: string | undefined, signal: AbortSignal) =>
  api.GET('/api/auth/activity', { params: { query: { ...(cursor && { cursor }) } }, signal })

export const endSession = (id: string) => api.DELETE('/api/auth/sessions/{id}', { params: { path: { id } } })

export const endOtherSessions = () => api.DELETE('/api/auth/sessions')
