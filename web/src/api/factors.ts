import { api } from './gatehouse.ts'

export const factorsKey = ['factors']

/** What the user can sign in with besides the password. */
export const getFactors = (signal: AbortSignal) => api.GET('/api/auth/factors', { signal })

/** Makes a secret for an authenticator app, which the first code turns on. */
export const setUpTotp = () => api.POST('/api/auth/factors/totp')

/** Returns the recovery codes, which are shown only once. */
export async function confirmTotp(code: string) {
  const { recovery_codes } = await api.POST('/api/auth/factors/totp/confirm', { body: { code } })
  return recovery_codes
}

export const removeTotp = () => api.DELETE('/api/auth/factors/totp')

/** Replaces the recovery codes. */
export async function makeRecoveryCodes() {
  const { recovery_codes } = await api.POST('/api/auth/factors/recovery-codes')
  return recovery_codes
}
