import type { NewPasskey } from '@gatehouse/client'
import { api } from './gatehouse.ts'

export const passkeysKey = ['passkeys']

export async function listPasskeys(signal: AbortSignal) {
  const { items } = await api.GET('/api/auth/passkeys', { signal })
  return items
}

export const passkeyCreationOptions = () => api.POST('/api/auth/passkeys/options')
export const passkeyStepUpOptions = () => api.POST('/api/auth/step-up/options')

export const addPasskey = (credential: NewPasskey['credential'], name: string) =>
  api.POST('/api/auth/passkeys', { body: { credential, name } })

export const renamePasskey = (id: string, name: string) =>
  api.PATCH('/api/auth/passkeys/{id}', { params: { path: { id } }, body: { name } })

export const removePasskey = (id: string) => api.DELETE('/api/auth/passkeys/{id}', { params: { path: { id } } })
