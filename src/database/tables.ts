import type { Generated } from 'kysely'

export interface UserTable {
  id: string
  /** Null, like `subject`, for users who registered here. */
  issuer: string | null
  subject: string | null
  email: string
  name: string
  password_hash: string | null
  is_active: Generated<boolean>
  email_verified: Generated<boolean>
  role: Generated<'user' | 'admin'>
  /** Null where an operator disabled the account by SQL. */
  disabled_at: string | null
  disabled_reason: string | null
  created_at: Generated<string>
  updated_at: Generated<string>
}

export interface SignInTable {
  user_id: string
  /** `-infinity` if the user has not signed in yet. */
  at: Generated<string>
}

export interface TaskTable {
  id: string
  user_id: string
  title: string
  description: string | null
  completed: Generated<boolean>
  created_at: Generated<string>
  updated_at: Generated<string>
  /** Search keys (src/repositories/task-keys.ts); null until computed, for rows that an earlier release wrote. */
  title_sort: Generated<string>
  title_search: string | null
  description_grams: Buffer | null
}

export interface SessionTable {
  id: string
  user_id: string
  /** SHA-256 of the current refresh token and of the one before. */
  refresh_hash: Buffer
  previous_hash: Buffer | null
  /** The current refresh token, sealed for a client that sends the previous one. */
  sealed_successor: Buffer | null
  rotated_at: Generated<string>
  created_at: Generated<string>
  last_used_at: Generated<string>
  expires_at: string
  access_expires_at: string
  user_agent: string | null
  ip: string | null
  /** When and how the user proved who they are; null for sessions that an earlier release opened. */
  auth_time: string | null
  amr: string[] | null
}

export interface RevocationTable {
  id: Generated<string>
  key: string
  /** Seconds since 1970. */
  cutoff: string | number
  expires_at: string
  xid: Generated<string>
  kind: Generated<'personal_token' | 'signing_key' | null>
}

export interface SecurityEventTable {
  id: string
  at: Generated<string>
  event: string
  user_id: string | null
  session_id: string | null
  address: string | null
  user_agent: string | null
  /** How many events this row represents; frequent events share a row. */
  times: Generated<number>
  /** The place in the chain, from 1; null until the event is sealed (src/audit/sealing.ts). */
  position: string | number | null
  hash: Buffer | null
  /** The kind of the actor; null for events of an earlier release. */
  actor: string | null
  /** The user who acted, if it is another one than `user_id`. */
  actor_id: string | null
  request_id: string | null
  client_salt: Buffer | null
  /** SHA-256 of the salt, the address, the user agent and the request's id. */
  client_commitment: Buffer | null
  reason: string | null
  reason_salt: Buffer | null
  reason_commitment: Buffer | null
}

/** At most one row: a place in the chain of events. */
export interface LinkTable {
  id: Generated<boolean>
  position: string | number
  hash: Buffer
}

export interface IdempotencyKeyTable {
  user_id: string
  key: string
  fingerprint: Buffer
  resource_id: string
  created_at: Generated<string>
}

export interface MailTable {
  id: string
  kind: string
  recipient: string
  user_id: string | null
  /** The change of address that it is about. */
  change_id: string | number | null
  language: string
  /** The origin of the request that caused the mail. */
  address: string | null
  user_agent: string | null
  /** The token of the mail is derived from it; empty once the mail is done. */
  seed: Buffer
  created_at: Generated<string>
  /** When it may be claimed. */
  next_at: Generated<string>
  attempts: Generated<number>
  done_at: string | null
  outcome: string | null
  error: string | null
}

export interface MailTokenTable {
  purpose: string
  /** The address or the id of the change: there is one token of each purpose for it. */
  subject: string
  mail_id: string
  /** The address that the token proves. */
  email: string
  /** Null for an address that nobody has. */
  user_id: string | null
  hash: Buffer
  code_hash: Buffer
  tries: Generated<number>
  expires_at: string
  used_at: string | null
}

export interface SignUpTable {
  mail_id: string
  email: string
  name: string
  password_hash: string
  created_at: Generated<string>
}

export interface EmailChangeTable {
  id: Generated<string | number>
  user_id: string
  old_email: string
  new_email: string
  /** Whether the old address was verified when the new one replaced it. */
  was_verified: boolean | null
  requested_at: Generated<string>
  /** When a newer request or a change of the password took the place of one that was not confirmed. */
  withdrawn_at: string | null
  confirmed_at: string | null
  cancelled_at: string | null
  /** Of a cancelled one: until then the user cannot change the address again. */
  held_until: string | null
  /** Until then it can be cancelled or undone. */
  expires_at: string
}

export interface TotpFactorTable {
  user_id: string
  /** Encrypted (src/auth/sealing.ts). */
  secret: Buffer
  /** Of the latest code that was used. */
  last_step: Generated<string | number>
  /** When a secret without a first code expires. Null: it is on. */
  expires_at: string | null
}

export interface RecoveryCodeTable {
  user_id: string
  hash: Buffer
}

export interface LoginChallengeTable {
  hash: Buffer
  user_id: string
  tries: Generated<number>
  expires_at: string
}

export interface PasskeyTable {
  id: string
  user_id: string
  /** Base64url. */
  credential_id: string
  /** COSE. */
  public_key: Buffer
  /** 0 where the authenticator does not count. */
  sign_count: string | number
  transports: string[]
  backup_eligible: boolean
  backed_up: boolean
  name: string
  created_at: Generated<string>
  last_used_at: string | null
}

export interface UsedPasskeyChallengeTable {
  hash: Buffer
  expires_at: string
}

export interface SigningKeyTable {
  kid: string
  algorithm: 'EdDSA' | 'ES256'
  /** Encrypted (src/auth/keys/key-pairs.ts). */
  private_key: Buffer
  created_at: Generated<string>
  signs_from: string | null
  retires_at: string | null
  refused_at: string | null
  /** Seconds: the longest lifetime of a token that it may have signed. */
  longest_life: number
}

export interface SharedSecretUseTable {
  id: Generated<boolean>
  accepted_until: string
}

export interface PersonalTokenTable {
  id: string
  user_id: string
  /** SHA-256. */
  hash: Buffer
  name: string
  scopes: string[]
  created_at: Generated<string>
  expires_at: string
  /** To the minute. */
  last_used_at: string | null
}

export interface Database {
  users: UserTable
  sign_ins: SignInTable
  tasks: TaskTable
  sessions: SessionTable
  revocations: RevocationTable
  security_events: SecurityEventTable
  audit_start: LinkTable
  gatehouse_audit_head: LinkTable
  idempotency_keys: IdempotencyKeyTable
  mails: MailTable
  mail_tokens: MailTokenTable
  sign_ups: SignUpTable
  email_changes: EmailChangeTable
  totp_factors: TotpFactorTable
  recovery_codes: RecoveryCodeTable
  login_challenges: LoginChallengeTable
  passkeys: PasskeyTable
  used_passkey_challenges: UsedPasskeyChallengeTable
  signing_keys: SigningKeyTable
  shared_secret_use: SharedSecretUseTable
  personal_tokens: PersonalTokenTable
}
