import { api } from './gatehouse.ts'

export interface UserFilter {
  q: string
  state: 'all' | 'active' | 'disabled'
}

/** One page of the users that match. */
export const findUsers = ({ q, state }: UserFilter, cursor: string | undefined, signal: AbortSignal) =>
  api.GET('/api/admin/users', { params: { query: { ...(q && { q }), state, ...(cursor && { cursor }) } }, signal })

export const showUser = (id: string, signal: AbortSignal) =>
  api.GET('/api/admin/users/{id}', { params: { path: { id } }, signal })

const at = (id: string, reason: string) => ({ params: { path: { id } }, body: { reason } })

export const disableUser = (id: string, reason: string) => api.POST('/api/admin/users/{id}/disable', at(id, reason))
export const enableUser = (id: string, reason: string) => api.POST('/api/admin/users/{id}/enable', at(id, reason))
export const endSessionsOf = (id: string, reason: string) =>
  api.POST('/api/admin/users/{id}/end-sessions', at(id, reason))
export const resetFactorsOf = (id: string, reason: string) =>
  api.POST('/api/admin/users/{id}/reset-factors', at(id, reason))
export const sendResetTo = (id: string, reason: string) => api.POST('/api/admin/users/{id}/send-reset', at(id, reason))
export const exportUser = (id: string, reason: string) => api.POST('/api/admin/users/{id}/export', at(id, reason))
export const changeRole = (id: string, role: 'user' | 'admin', reason: string) =>
  api.PUT('/api/admin/users/{id}/role', { params: { path: { id } }, body: { role, reason } })
export const deleteUser = (id: string, email: string, reason: string) =>
  api.POST('/api/admin/users/{id}/delete', { params: { path: { id } }, body: { email, reason } })

export interface AuditFilter {
  event: string
  actor: '' | 'user' | 'anonymous' | 'admin' | 'command' | 'service'
  user: string
}

/** One page of what users and operators did. */
export const listAudit = ({ event, actor, user }: AuditFilter, cursor: string | undefined, signal: AbortSignal) =>
  api.GET('/api/admin/audit', {
    params: {
      query: {
        ...(event && { event }),
        ...(actor && { actor }),
        ...(user && { user_id: user }),
        ...(cursor && { cursor })
      }
    },
    signal
  })

export const countDays = (signal: AbortSignal) => api.GET('/api/admin/audit/days', { signal })
