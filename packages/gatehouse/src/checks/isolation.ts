import type { Account } from '../accounts.ts'
import type { Answer, Ask } from '../client.ts'
import { exampleOf, type Operation } from '../openapi.ts'
import { at } from '../profiles.ts'
import { collectionPath, discard, idFrom, idOf, missingId, type Run, shown } from '../run.ts'

/** A collection of the deployment, and one thing in it that belongs to account A. */
interface Resource {
  collection: string
  /** The parameter of the thing's own path. */
  parameter: string
  id: string
  /** Deletes it, if the run has created it. */
  discard: () => Promise<void>
}

const parametersOf = (path: string) => [...path.matchAll(/\{([^}]+)\}/g)].map(([, name = '']) => name)

/** Fills the parameters of a path. */
const filled = (path: string, values: Record<string, string>) =>
  path.replace(/\{([^}]+)\}/g, (all, name: string) => encodeURIComponent(values[name] ?? all))

/** Bodies without what differs between two answers to the same request. */
export function comparable({ status, text }: Pick<Answer, 'status' | 'text'>, ids: string[]): string {
  // A short id may be part of a longer one, as 4 is of 2147483000.
  const longestFirst = [...ids].sort((one, other) => other.length - one.length)
  const same = longestFirst.reduce((rest, id) => rest.replaceAll(id, '{id}'), text)
  const noise =
    /"(request_?id|req_?id|trace_?id|instance|timestamp|time|correlation_?id)":\s*("[^"]{0,200}"|\d{1,20})/gi
  return `${status} ${same.replace(noise, '')}`
}

export async function isolation(run: Run): Promise<void> {
  const { ask, profile, ledger, operations, resolve, a, b } = run
  const isAccount = (name: string) =>
    (profile.accountParameters ?? []).includes(name) || /^(user|account|owner|member|profile)(_?id)?$/i.test(name)

  /** Account parameters are filled with the id of an account. */
  const owners = (path: string, account: Account) =>
    Object.fromEntries(
      parametersOf(path)
        .filter(isAccount)
        .map((name) => [name, account.id ?? missingId()])
    )

  function bodyOf({ method, path, body }: Operation): unknown {
    const given = profile.bodies?.[`${method} ${path}`]
    return given ?? (body === undefined ? undefined : exampleOf(body, resolve))
  }

  /** The first thing in a list that is A's alone. */
  async function listed(collection: string): Promise<string | undefined> {
    const first = (answer: Answer) => {
      const lists = [answer.json, ...Object.values(Object(answer.json))].filter(Array.isArray)
      return idFrom(at(lists[0]?.[0], 'id'))
    }
    const answer = await ask({ path: filled(collection, owners(collection, a)), as: a })
    const id = answer.status < 300 ? first(answer) : undefined
    if (id === undefined) return undefined
    const theirs = await ask({ path: filled(collection, owners(collection, b)), as: b })
    return theirs.text.includes(id) ? undefined : id
  }

  /** Creates a thing as account A, or finds one. */
  async function resourceOf(item: string): Promise<Resource | undefined> {
    const [, collection = '', parameter = ''] = /^(.*)\/\{([^}]+)\}$/.exec(item) ?? []
    if (parametersOf(collection).some((name) => !isAccount(name)) || isAccount(parameter)) return undefined
    const create = operations.find(({ method, path }) => method === 'POST' && collectionPath(path) === collection)
    if (create) {
      const request = { method: 'POST', path: filled(create.path, owners(collection, a)), body: bodyOf(create), as: a }
      const answer = await ask(request)
      const id = answer.status < 300 ? idOf(answer) : undefined
      if (id !== undefined) return { collection, parameter, id, discard: () => discard(run, request, answer) }
      ledger.note('isolation.read', `${shown(request, answer)}: nothing is created; give the profile a body for it`)
    }
    const list = operations.find(({ method, path }) => method === 'GET' && collectionPath(path) === collection)
    const id = list && (await listed(list.path))
    return id === undefined ? undefined : { collection, parameter, id, discard: async () => {} }
  }

  /** One operation on A's thing as B, compared with the same on a thing that does not exist. */
  async function tryAs(operation: Operation, method: string, resource: Resource): Promise<void> {
    const { path } = operation
    const absent = missingId(operation.parameters.find(({ name }) => name === resource.parameter)?.schema, resource.id)
    const body = bodyOf(operation)
    const sent = (account: Account, id: string): Ask => ({
      method,
      path: filled(path, { ...owners(path, account), [resource.parameter]: id }),
      as: b,
      ...(body !== undefined && method !== 'HEAD' && { body })
    })
    const isRead = method === 'GET' || method === 'HEAD'
    if (operation.isProtected) {
      const request = { ...sent(a, resource.id), as: undefined }
      const answer = await ask(request)
      ledger.expect('protected.open', answer.status >= 400, () =>
        shown(request, answer, 'as nobody, on what A has made')
      )
    }
    const accounts = parametersOf(path).some(isAccount) ? [b, a] : [b]
    for (const account of accounts) {
      const request = sent(account, resource.id)
      const answer = await ask(request)
      const isOpen = answer.status < 300
      ledger.expect(isRead ? 'isolation.read' : 'isolation.write', !isOpen, () =>
        shown(request, answer, `as B, on what A has made`)
      )
      if (isOpen) continue
      const missing = await ask(sent(account, absent))
      const ids = [resource.id, absent]
      const isSame = comparable(answer, ids) === comparable(missing, ids)
      ledger.expect('isolation.exists', isSame, () =>
        shown(request, answer, `as B, on what A has made; ${missing.status} for one that does not exist`)
      )
    }
  }

  async function tryResource(resource: Resource, item: string): Promise<void> {
    const on = operations.filter(({ path }) => path === item || path.startsWith(`${item}/`))
    const own = { path: filled(item, { ...owners(item, a), [resource.parameter]: resource.id }), as: a }
    const canRead = on.some(({ method, path }) => method === 'GET' && path === item)
    const before = canRead ? await ask(own) : undefined
    if (before && before.status >= 300)
      ledger.note('isolation.read', `${shown(own, before, 'as A')}: A cannot read it either`)
    const order = ['GET', 'HEAD', 'POST', 'PATCH', 'PUT', 'DELETE']
    const steps = on
      .filter(({ path }) => parametersOf(path).every((name) => name === resource.parameter || isAccount(name)))
      .flatMap((operation) =>
        (operation.method === 'GET' ? ['GET', 'HEAD'] : [operation.method]).map((method) => ({ operation, method }))
      )
      .sort((one, other) => order.indexOf(one.method) - order.indexOf(other.method))
    for (const { operation, method } of steps) await tryAs(operation, method, resource)
    if (before && before.status < 300) {
      const after = await ask(own)
      ledger.expect('isolation.write', after.status === before.status && after.text === before.text, () =>
        shown(own, after, 'as A, after the requests of B: it has changed')
      )
    }
    const list = operations.find(({ method, path }) => method === 'GET' && collectionPath(path) === resource.collection)
    if (!list) return
    for (const query of ['', '?limit=100', '?per_page=100', `?q=${encodeURIComponent('Gatehouse')}`]) {
      const request = { path: `${filled(list.path, owners(list.path, b))}${query}`, as: b }
      const answer = await ask(request)
      const ids = lists(answer.json).map((entry) => String(at(entry, 'id')))
      ledger.expect('isolation.list', !ids.includes(resource.id), () =>
        shown(request, answer, 'as B: it has what A has made')
      )
    }
  }

  const lists = (json: unknown): unknown[] => [json, ...Object.values(Object(json))].filter(Array.isArray).flat()

  /** Collections of an account: `/users/{user_id}/notes` with A's id as B. */
  async function ofAccounts(): Promise<void> {
    const found = operations.filter(({ path }) => {
      const names = parametersOf(path)
      return names.length === 1 && names.every(isAccount)
    })
    for (const operation of found) {
      if (a.id === undefined)
        return ledger.note('isolation.read', 'userId of the profile does not give the id of the account')
      const { method, path } = operation
      const [name = ''] = parametersOf(path)
      const schema = operation.parameters.find((each) => each.name === name)?.schema
      const body = bodyOf(operation)
      const sent = (id: string): Ask => ({
        method,
        path: filled(path, { [name]: id }),
        as: b,
        ...(body !== undefined && { body })
      })
      const request = sent(a.id)
      const answer = await ask(request)
      ledger.expect(method === 'GET' ? 'isolation.read' : 'isolation.write', answer.status >= 300, () =>
        shown(request, answer, 'as B')
      )
      if (answer.status < 300) continue
      const absent = missingId(schema, a.id)
      const missing = await ask(sent(absent))
      ledger.expect(
        'isolation.exists',
        comparable(answer, [a.id, absent]) === comparable(missing, [a.id, absent]),
        () => shown(request, answer, `as B; ${missing.status} for an account that does not exist`)
      )
    }
  }

  /** Functions of administrators, as a new account. */
  async function administration(): Promise<void> {
    // Were they open, operations without an id would change more than what the run has made.
    const functions = operations.filter(
      ({ method, path }) => /(^|\/)admin(\/|$)/i.test(path) && (method === 'GET' || path.includes('{'))
    )
    for (const { method, path } of functions) {
      const request = {
        method,
        path: path.replace(/\{[^}]+\}/g, a.id ?? missingId()),
        as: b,
        ...(method !== 'GET' && { body: {} })
      }
      const answer = await ask(request)
      ledger.expect('isolation.admin', answer.status >= 400, () => shown(request, answer, 'as a new account'))
    }
  }

  /** Two accounts may use the same Idempotency-Key. */
  async function idempotency(): Promise<void> {
    for (const operation of operations) {
      const { method, path, parameters } = operation
      if (method !== 'POST' || !parameters.some(({ name }) => name.toLowerCase() === 'idempotency-key')) continue
      const headers = { 'idempotency-key': crypto.randomUUID() }
      const sent = (account: Account): Ask => ({
        method,
        path: filled(path, owners(path, account)),
        as: account,
        body: bodyOf(operation),
        headers
      })
      const mine = await ask(sent(a))
      const theirs = await ask(sent(b))
      await discard(run, sent(a), mine)
      await discard(run, sent(b), theirs)
      const [id, other] = [idOf(mine), idOf(theirs)]
      if (id === undefined || mine.status >= 300) continue
      ledger.expect('isolation.read', other !== id, () =>
        shown(sent(b), theirs, "as B with A's Idempotency-Key: it gets what A has made")
      )
    }
  }

  const items = new Set(
    operations.map(({ path }) => path).filter((path) => /\/\{[^}]+\}$/.test(path) && !/(^|\/)admin(\/|$)/i.test(path))
  )
  for (const item of items) {
    const resource = await resourceOf(item)
    if (resource) await tryResource(resource, item).finally(resource.discard)
    else if (!parametersOf(item).every(isAccount))
      ledger.note('isolation.read', `${item}: A has nothing there to try with`)
  }
  await ofAccounts()
  await administration()
  await idempotency()
}
