/** PostgreSQL's error classes that say "not now": connection, transaction rollback, resources, operator, system. */
const unavailableClasses = new Set(['08', '40', '53', '57', '58'])
const lockNotAvailable = '55P03'
const socketErrors = /^(ECONN|ENOTFOUND|EAI_|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOENT)/
/** What pg says without a code when a connection or an answer does not come. */
const codeless =
  /^(timeout exceeded when trying to connect|Connection terminated|Query read timeout|Client has encountered)/

interface DatabaseError extends Error {
  code?: string
  constraint?: string
}

const violates = (error: unknown, code: string, constraint: string) =>
  error instanceof Error && (error as DatabaseError).code === code && (error as DatabaseError).constraint === constraint

export const isUniqueViolation = (error: unknown, constraint: string) => violates(error, '23505', constraint)
export const isForeignKeyViolation = (error: unknown, constraint: string) => violates(error, '23503', constraint)

/** Whether the database refused a value as such (class 22: too long, out of range, not that type's text). */
export const isDataException = (error: unknown) =>
  error instanceof Error && ((error as DatabaseError).code?.startsWith('22') ?? false)

/** Whether the database could not be reached or could not answer in time: the same request may succeed later. */
export function isUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (error instanceof AggregateError) return error.errors.some(isUnavailable)
  const { code } = error as DatabaseError
  if (code === undefined) return codeless.test(error.message)
  return (
    (code.length === 5 && unavailableClasses.has(code.slice(0, 2))) ||
    code === lockNotAvailable ||
    socketErrors.test(code)
  )
}
