import type { ExampleOf, Operation } from './document.ts'
import type { Person } from './people.ts'

export interface Request {
  method: string
  path: string
  token?: string
  headers: Record<string, string>
  body?: unknown
}

export interface Planned {
  operation: Operation
  kind: 'read' | 'create' | 'change' | 'remove'
  /** The request for a person, or undefined while there is no object that it may use. */
  requestFor: (person: Person) => Request | undefined
}

export interface LeftOut {
  name: string
  reason: string
}

/** Measured at a slow pace of their own: they hash a password, end what others use, or are limited. */
export const paced = new Set(['register', 'login', 'refresh', 'logout', 'deleteAccount'])

/** Operations of Gatehouse's contract that never belong to a load, by what they do. */
const effects: Record<string, string> = {
  forgotPassword: 'sends mail',
  sendEmailVerification: 'sends mail',
  changeEmail: 'sends mail',
  makePersonalToken: 'sends mail',
  changePassword: 'ends the sessions of the run',
  endOtherSessions: 'ends the sessions of the run'
}

/** Changes of the person's own account. */
const ownAccount = new Set(['updateProfile'])

const parameter = /^\{(.+)\}$/
/** A parameter that names the user. */
const isUser = (segment: string) => /^\{user_?id\}$/i.test(segment)

/** The path templates of the collections in a path, such as `/api/tasks` in `/api/tasks/{id}/complete`. */
const collectionsOf = (path: string): string[] => {
  const segments = path.split('/')
  return segments.flatMap((segment, i) => (parameter.test(segment) ? [segments.slice(0, i).join('/')] : []))
}

/**
 * Decides which operations a run uses: those that only read, and those that write on objects that the run made. All
 * others are left out with the reason, unless they are included by name.
 */
export function planOf(
  operations: Operation[],
  exampleOf: ExampleOf,
  { include, exclude }: { include: string[]; exclude: string[] }
): { planned: Planned[]; leftOut: LeftOut[] } {
  const named = (method: string, path: string) => operations.find((one) => one.method === method && one.path === path)
  const isLeftOut = ({ id }: Operation) => exclude.includes(id) || (id in effects && !include.includes(id))
  /** Templates of collections whose objects a run can make and delete. */
  const makeable = new Map<string, string>()
  for (const { method, path } of operations) {
    const collection = path.slice(0, path.lastIndexOf('/'))
    const create = named('POST', collection)
    if (method === 'DELETE' && parameter.test(path.slice(collection.length + 1)) && create && !isLeftOut(create))
      makeable.set(collection, path)
  }

  const isRemoval = (path: string) => makeable.get(path.slice(0, path.lastIndexOf('/'))) === path

  /** The concrete path for a person, from objects of their own; `spare` takes one that may be deleted. */
  function pathFor(template: string, person: Person, isSpare: boolean): string | undefined {
    const collection = collectionsOf(template).findLast((one) => makeable.has(one))
    if (collection === undefined) {
      const path = template
        .split('/')
        .map((segment) => (isUser(segment) ? encodeURIComponent(person.id) : segment))
        .join('/')
      return path.includes('{') ? undefined : path
    }
    const objects = person.objects.get(collection) ?? []
    const object = isSpare ? person.spare.get(collection)?.pop() : objects[Math.floor(Math.random() * objects.length)]
    const rest = template.split('/').slice(collection.split('/').length + 1)
    return object && [object, ...rest].join('/')
  }

  function why({ id, method, path }: Operation): string | undefined {
    if (exclude.includes(id)) return 'excluded'
    if (paced.has(id)) return 'measured beside the steps'
    const unnamed = path.split('/').filter((segment, i, all) => {
      return parameter.test(segment) && !isUser(segment) && !makeable.has(all.slice(0, i).join('/'))
    })
    if (unnamed.length > 0) return `needs ${unnamed.join(', ')}, of which the run can make none`
    if (include.includes(id)) return undefined
    if (id in effects) return effects[id]
    if (method === 'GET' || ownAccount.has(id)) return undefined
    const isOwn =
      method === 'POST'
        ? makeable.has(path)
        : method === 'DELETE'
          ? isRemoval(path)
          : collectionsOf(path).some((one) => makeable.has(one))
    return isOwn ? undefined : 'may act on more than objects of the run'
  }

  const planned: Planned[] = []
  const leftOut: LeftOut[] = []
  for (const operation of operations) {
    const { name, method, path, isProtected, parameters, body } = operation
    const values = parameters.map((one) => ({ ...one, value: exampleOf(one.media) }))
    const payload = typeof body === 'object' ? exampleOf(body) : undefined
    const reason =
      why(operation) ??
      (typeof body === 'string' ? body : undefined) ??
      (body && payload === undefined ? 'no valid body is found: give an example in the document' : undefined) ??
      values.filter(({ value }) => value === undefined).map((one) => `no value is found for ${one.name}`)[0]
    if (reason !== undefined) {
      leftOut.push({ name, reason })
      continue
    }
    const query = new URLSearchParams(
      values.filter((one) => one.in === 'query').map((one) => [one.name, String(one.value)])
    )
    const headers = Object.fromEntries(
      values.filter((one) => one.in === 'header').map((one) => [one.name, String(one.value)])
    )
    const kind =
      method === 'GET'
        ? 'read'
        : method === 'POST' && makeable.has(path)
          ? 'create'
          : method === 'DELETE' && isRemoval(path)
            ? 'remove'
            : 'change'
    planned.push({
      operation,
      kind,
      requestFor(person) {
        const concrete = pathFor(path, person, kind === 'remove')
        if (concrete === undefined) return undefined
        return {
          method,
          path: `${concrete}${query.size > 0 ? `?${query}` : ''}`,
          headers,
          ...(isProtected && { token: person.token }),
          ...(payload !== undefined && { body: payload })
        }
      }
    })
  }
  return { planned, leftOut }
}
