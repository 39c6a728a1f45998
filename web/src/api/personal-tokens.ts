import type { NewPersonalToken } from '@gatehouse/client'
import { api } from './gatehouse.ts'

export const tokensKey = ['tokens']

export async function listTokens(signal: AbortSignal) {
  const { items } = await api.GET('/api/auth/tokens', { signal })
  return items
}

/** Makes a token, which is shown only once. */
export const makeToken = (body: NewPersonalToken) => api.POST('/api/auth/tokens', { body })

export const endToken = (id: string) => api.DELETE('/api/auth/tokens/{id}', { params: { path: { id } } })
