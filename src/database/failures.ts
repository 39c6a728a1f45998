import { Problem } from '../http/problems.ts'

// Connection, transaction rollback, resources, operator intervention, system.
const unavailableClasses = new Set(['08', '40', '53', '57', '58'])
const lockNotAvailable = '55P03'
const statementCanceled = '57014'
const socketErrors = /^(ECONN|ENOTFOUND|EAI_|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOENT)/
const messagesWithoutCode =
  /^(timeout expired|Connection terminated|No answer from the database|Client (has encountered|was closed))/

interface DatabaseError extends Error {
  code?: string
  constraint?: string
}

/** Whether a row refers to a user who no longer exists. Every table names its foreign key to `users` `<table>_user`. */
export const isUserGone = (error: unknown) =>
  error instanceof Error &&
  (error as DatabaseError).code === '23503' &&
  String((error as DatabaseError).constraint).endsWith('_user')

/** Whether an address is taken, or reserved (migrations/0015_email_changes.ts). */
export const isEmailTaken = (error: unknown) =>
  error instanceof Error &&
  (error as DatabaseError).code === '23505' &&
  (error as DatabaseError).constraint === 'users_email'

/** Whether a change exceeds a quota. The trigger that counts names its constraint `<table>_quota`. */
export const isOverQuota = (error: unknown) =>
  error instanceof Error &&
  (error as DatabaseError).code === '23514' &&
  String((error as DatabaseError).constraint).endsWith('_quota')

/** The constraint that a change broke: of a unique, a foreign or a checked value. */
export const brokenConstraint = (error: unknown): string | undefined =>
  error instanceof Error && ((error as DatabaseError).code?.startsWith('23') ?? false)
    ? (error as DatabaseError).constraint
    : undefined

export const isDataException = (error: unknown) =>
  error instanceof Error && ((error as DatabaseError).code?.startsWith('22') ?? false)

export const isLocked = (error: unknown) =>
  error instanceof Error && [lockNotAvailable, statementCanceled].includes((error as DatabaseError).code ?? '')

/** An error message for operators. A host with several addresses has one message for each. */
export const explain = (error: unknown): string =>
  error instanceof AggregateError ? error.errors.map(explain).join('; ') : (error as Error).message

export function isUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (error instanceof Problem) return error.status === 503
  if (error instanceof AggregateError) return error.errors.some(isUnavailable)
  const { code } = error as DatabaseError
  if (code === undefined) return messagesWithoutCode.test(error.message)
  return (code.length === 5 && unavailableClasses.has(code.slice(0, 2))) || isLocked(error) || socketErrors.test(code)
}
