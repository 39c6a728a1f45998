/** What each security event means, to the owner of the account and to admins (docs/security.md lists them). */
const words: Record<string, string> = {
  register: 'Signed up',
  login: 'Signed in',
  'login.failed': 'Sign-in failed',
  'login.throttled': 'Sign-in refused after too many attempts',
  'login.unverified': 'Sign-in refused: the address was not confirmed',
  'login.challenged': 'Password accepted, second step asked for',
  'second_factor.failed': 'Wrong code entered',
  'second_factor.throttled': 'Codes refused after too many attempts',
  'totp.on': 'Authenticator app turned on',
  'totp.off': 'Authenticator app turned off',
  'totp.used': 'Code of the authenticator app used',
  'recovery_codes.made': 'New recovery codes made',
  'recovery_code.used': 'Recovery code used',
  'passkey.added': 'Passkey added',
  'passkey.removed': 'Passkey deleted',
  'passkey.failed': 'Passkey refused',
  'passkey.cloned': 'Passkey refused: it may have been copied',
  logout: 'Signed out',
  'refresh.reused': 'A session was ended: somebody else may have copied it',
  'password.changed': 'Password changed',
  'password.failed': 'Wrong password entered while signed in',
  'password.throttled': 'Password refused after too many attempts',
  'password.reset': 'New password set by mail',
  'email.verified': 'Email address confirmed',
  step_up: 'Identity confirmed',
  'session.ended': 'A session was ended',
  'sessions.ended': 'All other sessions were ended',
  'email.requested': 'Change of the email address requested',
  'email.changed': 'Email address changed',
  'email.cancelled': 'Change of the email address cancelled',
  'account.disabled': 'Account disabled by an operator',
  'account.enabled': 'Account enabled by an operator',
  'factors.reset': 'All second factors removed by an operator',
  'reset.sent': 'Password reset mail sent by an operator',
  'role.changed': 'Role changed by an operator',
  'account.exported': 'Data of the account downloaded',
  'token.created': 'Access token created',
  'token.ended': 'Access token ended',
  'account.deleted': 'Account deleted',
  'mail.dead': 'A mail could not be delivered',
  'audit.pruned': 'Old events removed by an operator',
  'key.rotated': 'Signing key replaced by an operator',
  'key.retired': 'Signing key retired by an operator',
  'users.exported': 'Users exported by an operator',
  'users.imported': 'Users imported by an operator'
}

const alarming = new Set([
  'login.failed',
  'login.throttled',
  'second_factor.failed',
  'second_factor.throttled',
  'passkey.failed',
  'passkey.cloned',
  'refresh.reused',
  'password.failed',
  'password.throttled',
  'mail.dead'
])

/** Where an event came from. Users do not learn the address of an operator. */
export const originInWords = (event: string, ip: string | null): string =>
  ip ?? (words[event]?.endsWith(' by an operator') ? 'an operator' : 'several or unknown addresses')

/** In plain words; a name that this page does not know yet stays as it is. */
export const eventInWords = (event: string): string => words[event] ?? event
export const eventNames = Object.keys(words)
export const isAlarming = (event: string): boolean => alarming.has(event)
