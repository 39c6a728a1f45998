import { saveData } from '../account/save-data.ts'
import {
  changeRole,
  deleteUser,
  disableUser,
  enableUser,
  endSessionsOf,
  exportUser,
  resetFactorsOf,
  sendResetTo
} from '../api/admin.ts'
import type { ManagedUser } from '../api/types.ts'
import { hasTasks } from '../product.ts'

export interface Operation {
  label: string
  busyLabel: string
  /** What it does, which the dialog says first. */
  effect: string
  done: string
  isDangerous?: boolean
  /** Whether the operator types the address of the account. */
  typesEmail?: boolean
  run: (user: ManagedUser, reason: string, email: string) => Promise<unknown>
}

const endSessions: Operation = {
  label: 'End all sessions',
  busyLabel: 'Ending…',
  effect: 'The user is signed out on all devices at once, and can sign in again.',
  done: 'All sessions were ended.',
  run: ({ id }, reason) => endSessionsOf(id, reason)
}
const sendReset: Operation = {
  label: 'Send password mail',
  busyLabel: 'Sending…',
  effect: 'The user gets a mail with a link to set a new password.',
  done: 'The mail is on its way.',
  run: ({ id }, reason) => sendResetTo(id, reason)
}
const resetFactors: Operation = {
  label: 'Reset second factors',
  busyLabel: 'Resetting…',
  effect:
    'The authenticator app, all passkeys and the recovery codes are removed, and all sessions end. The password alone signs in afterwards, so make sure who asks for it.',
  done: 'The second factors were removed.',
  isDangerous: true,
  run: ({ id }, reason) => resetFactorsOf(id, reason)
}
const makeAdmin: Operation = {
  label: 'Make admin',
  busyLabel: 'Changing…',
  effect: 'The user can do to all accounts what you can do, after signing in again. All sessions of the user end.',
  done: 'The user is an admin.',
  isDangerous: true,
  run: ({ id }, reason) => changeRole(id, 'admin', reason)
}
const makeUser: Operation = {
  label: 'Remove admin role',
  busyLabel: 'Changing…',
  effect: 'The user is no longer an admin, at once. All sessions of the user end.',
  done: 'The user is no longer an admin.',
  isDangerous: true,
  run: ({ id }, reason) => changeRole(id, 'user', reason)
}
const disable: Operation = {
  label: 'Disable account',
  busyLabel: 'Disabling…',
  effect: 'All sessions end at once, and nobody signs in to the account until it is enabled. Nothing is deleted.',
  done: 'The account is disabled.',
  isDangerous: true,
  run: ({ id }, reason) => disableUser(id, reason)
}
const enable: Operation = {
  label: 'Enable account',
  busyLabel: 'Enabling…',
  effect: 'The user can sign in again.',
  done: 'The account is active.',
  run: ({ id }, reason) => enableUser(id, reason)
}
const exportData: Operation = {
  label: 'Download data',
  busyLabel: 'Downloading…',
  effect:
    'You get a JSON file with everything that is stored about the user, for a person who asks for it. The user sees in their activity that it was downloaded.',
  done: 'The data was downloaded.',
  run: async ({ id }, reason) => saveData(await exportUser(id, reason), `-${id}`)
}
const remove: Operation = {
  label: 'Delete account',
  busyLabel: 'Deleting…',
  effect: `The account is deleted for good, with all ${hasTasks ? 'tasks' : 'data'} and sessions. This cannot be undone.`,
  done: 'The account was deleted.',
  isDangerous: true,
  typesEmail: true,
  run: ({ id }, reason, email) => deleteUser(id, email, reason)
}

/** What an operator can do to a user. */
export function operationsFor({ is_active, role, issuer }: ManagedUser): Operation[] {
  const isOurs = issuer === null
  return [
    ...(is_active ? [endSessions] : []),
    ...(isOurs && is_active ? [sendReset] : []),
    ...(isOurs ? [resetFactors, role === 'admin' ? makeUser : makeAdmin] : []),
    exportData,
    is_active ? disable : enable,
    remove
  ]
}
