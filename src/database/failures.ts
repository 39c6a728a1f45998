import { Problem } from '../http/problems.ts'

/** PostgreSQL's error classes that say "not now": connection, transaction rollback, resources, operator, system. */
const unavailableClasses = new Set(['08', '40', '53', '57', '58'])
const lockNotAvailable = '55P03'
const statementCanceled = '57014'
const socketErrors = /^(ECONN|ENOTFOUND|EAI_|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOENT)/
/** What pg says without a code when a connection or an answer does not come. */
const codeless =
  /^(timeout expired|Connection terminated|No answer from the database|Client (has encountered|was closed))/

interface DatabaseError extends Error {
  code?: string
  constraint?: string
}

/** Whether a row names a user who is gone: the foreign key to `users` is called `<table>_user` in every table. */
export const isUserGone = (error: unknown) =>
  error instanceof Error &&
  (error as DatabaseError).code === '23503' &&
  String((error as DatabaseError).constraint).endsWith('_user')

/** Whether a user would have more than they may: the trigger that counts names `<table>_quota` as its constraint. */
export const isOverQuota = (error: unknown) =>
  error instanceof Error &&
  (error as DatabaseError).code === '23514' &&
  String((error as DatabaseError).constraint).endsWith('_quota')

/** Whether the database refused a value as such (class 22: too long, out of range, not that type's text). */
export const isDataException = (error: unknown) =>
  error instanceof Error && ((error as DatabaseError).code?.startsWith('22') ?? false)

/** Whether somebody else held a lock, or a statement took, for too long. */
export const isLocked = (error: unknown) =>
  error instanceof Error && [lockNotAvailable, statementCanceled].includes((error as DatabaseError).code ?? '')

/** What to tell an operator: where a host has several addresses, one message for each. */
export const explain = (error: unknown): string =>
  error instanceof AggregateError ? error.errors.map(explain).join('; ') : (error as Error).message

/** Whether the database could not be reached or could not answer in time: the same request may succeed later. */
export function isUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (error instanceof Problem) return error.status === 503
  if (error instanceof AggregateError) return error.errors.some(isUnavailable)
  const { code } = error as DatabaseError
  if (code === undefined) return codeless.test(error.message)
  return (code.length === 5 && unavailableClasses.has(code.slice(0, 2))) || isLocked(error) || socketErrors.test(code)
}
