import { GatehouseProblem, isAboutToken } from '@gatehouse/client'
import { appName } from '../product.ts'

export const notResponding = `${appName} is not responding. Check your connection and try again.`

const plural = new Intl.PluralRules('en')

function duration(seconds: number): string {
  const [amount, unit] = seconds < 90 ? [Math.ceil(seconds), 'second'] : [Math.ceil(seconds / 60), 'minute']
  return `${amount} ${unit}${plural.select(amount) === 'one' ? '' : 's'}`
}

const again = ({ retryAfter }: GatehouseProblem) => (retryAfter ? `in ${duration(retryAfter)}` : 'in a moment')

/** An answer of a proxy has no code. */
const nameOf = (error: GatehouseProblem) =>
  error.request_id ? `If it happens again, report this request id: ${error.request_id}.` : `Try again ${again(error)}.`

/** Describes a problem for the user; empty for none. */
export function inWords(error: unknown): string {
  if (error === undefined) return ''
  if (!(error instanceof GatehouseProblem)) return 'Something went wrong. Reload the page and try again.'
  if (isUnreachable(error)) return notResponding
  if (error.status === 429) return `Too many attempts. Try again ${again(error)}.`
  if (error.status === 503) return `${appName} is busy. Try again ${again(error)}.`
  if (error.status >= 500) return `Something went wrong on the server. ${nameOf(error)}`
  if (error.code === 'invalid_credentials') return 'Your email or password is incorrect.'
  if (error.code === 'step_up_required') return 'Nothing was changed: confirm first that it is you.'
  if (isSessionEnd(error)) return 'Your session has ended.'
  if (isForbidden(error)) return 'This belongs to another account. Sign in with that account to continue.'
  if (error.status === 413) return 'The text is too long.'
  return `${error.detail}.`.replace(/\.\.$/, '.')
}

/** Empty for an error that is no answer. */
export const problemCode = (error: unknown) => (error instanceof GatehouseProblem ? error.code : '')
export const hasCode = (error: unknown, code: string) => problemCode(error) === code
export const isForbidden = (error: unknown) => hasCode(error, 'forbidden')
export const isUnreachable = (error: unknown) => error instanceof GatehouseProblem && error.status === 0
/** The members that only some problems have. */
export const problemDetails = (error: unknown): Partial<GatehouseProblem> =>
  error instanceof GatehouseProblem ? error : {}
export const isSessionEnd: (error: unknown) => boolean = isAboutToken
export const isGone = (error: unknown) => error instanceof GatehouseProblem && error.status === 404
/** Whether a later retry may succeed: no answer, too many requests, or a server that is busy or restarts. */
export const isPassing = (error: unknown) =>
  error instanceof GatehouseProblem && [0, 429, 502, 503, 504].includes(error.status)
export const retryAfter = (error: unknown) => (error instanceof GatehouseProblem && error.retryAfter) || 1
/** Seconds to wait before a retry; 0 for none. */
export const secondsToWait = (error: unknown) =>
  error instanceof GatehouseProblem && error.status === 429 ? (error.retryAfter ?? 0) : 0

/** `must be: 1 to 200 characters` -> `Must be 1 to 200 characters.` */
function sentence(message: string): string {
  const text = message.replace('must be: ', 'must be ').replace('NOT', 'not')
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}

/** A problem's messages by field; a pointer is `/title`. */
export function fieldMessages(error: unknown): Record<string, string> {
  if (!(error instanceof GatehouseProblem)) return {}
  const messages: Record<string, string> = {}
  for (const { pointer, message } of error.errors) messages[pointer.slice(1)] ??= sentence(message)
  return messages
}
