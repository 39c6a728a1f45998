import { type Account, createAccounts } from './accounts.ts'
import { type Bounds, BudgetSpent, createBudget, type Timing } from './budget.ts'
import { type Area, areas } from './catalogue.ts'
import { cookies } from './checks/cookies.ts'
import { cors } from './checks/cors.ts'
import { credentials } from './checks/credentials.ts'
import { errors } from './checks/errors.ts'
import { headers } from './checks/headers.ts'
import { isolation } from './checks/isolation.ts'
import { keys } from './checks/keys.ts'
import { limits } from './checks/limits.ts'
import { passwords } from './checks/passwords.ts'
import { protectedRoutes } from './checks/protected.ts'
import { recovery } from './checks/recovery.ts'
import { sessions } from './checks/sessions.ts'
import { tokens } from './checks/tokens.ts'
import { transport } from './checks/transport.ts'
import { type Client, createClient, megabyte, NoAnswer } from './client.ts'
import { passGate, Refused } from './gate.ts'
import { createLedger, type Ledger, printable, type Result } from './ledger.ts'
import { type Operation, readOpenApi } from './openapi.ts'
import type { Profile } from './profiles.ts'
import { opens, type Run } from './run.ts'

export interface ProveOptions extends Bounds {
  url: string
  token: string
  profile: Profile
  profileName: string
  /** Areas to run. By default all. */
  only?: readonly Area[] | undefined
  /** Ids of checks whose findings are known and accepted. */
  accept?: readonly string[] | undefined
  secret?: string | undefined
  ca?: string | undefined
  attempts?: number | undefined
  /** Called before each area, and after the last. */
  progress?: ((area: Area | 'accounts' | 'end', requests: number, elapsed: number) => void) | undefined
  timing?: Timing | undefined
}

export interface Report {
  url: string
  profile: string
  startedAt: string
  /** Seconds. */
  duration: number
  requests: number
  results: Result[]
  /** Why the run ended early. */
  incomplete: string | undefined
  /** What the reader must know besides the results. */
  remarks: string[]
}

const checks: Record<Area, (run: Run) => Promise<void>> = {
  tokens,
  credentials,
  protected: protectedRoutes,
  isolation,
  errors,
  headers,
  cookies,
  cors,
  transport,
  keys,
  passwords,
  recovery,
  sessions,
  limits
}

/** The host of a URL without anything that a run does not use. */
export function baseOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !/^https?:$/.test(url.protocol))
    throw new Refused(`${JSON.stringify(text)} is not an http:// or https:// URL`)
  if (url.username || url.password) throw new Refused('The URL must not contain a user name or a password')
  if (url.pathname !== '/' || url.search || url.hash) throw new Refused(`Give the origin alone: ${url.origin}`)
  return url
}

/** A collection of the profile as operations. */
function operationsOf({ path, body }: { path: string; body: unknown }): Operation[] {
  const operation = (method: string, own: string, example?: unknown): Operation => ({
    method,
    path: own,
    parameters: [],
    body: example === undefined ? undefined : { example },
    isProtected: true
  })
  const item = `${path}/{id}`
  return [
    operation('POST', path, body),
    operation('GET', path),
    operation('GET', item),
    operation('PUT', item, body),
    operation('PATCH', item, body),
    operation('DELETE', item)
  ]
}

/** Bytes of an OpenAPI document. */
const maxDocument = 20 * megabyte
const maxOperations = 2000

/** The operations of the deployment: of its OpenAPI document and of the profile. */
async function readOperations({ ask }: Client, profile: Profile, remarks: string[]) {
  const { openapi, resources = [], skip = [], bodies = {}, protectedPaths = [], openPaths = [], signIn } = profile
  const answer = openapi === undefined ? undefined : await ask({ path: openapi, maxAnswer: maxDocument })
  const hasDocument = answer?.status === 200 && answer.json !== undefined
  if (openapi && !hasDocument)
    remarks.push(
      `${openapi} answers ${answer?.status}${answer?.isCut ? ` with more than ${maxDocument / megabyte} MiB` : ''}: without an OpenAPI document only the profile's resources are tried`
    )
  const { operations, resolve } = readOpenApi(hasDocument ? answer.json : {})
  const all = [...operations, ...resources.flatMap(operationsOf)]
    .filter(({ method, path }) => !skip.includes(`${method} ${path}`))
    .map((operation) => {
      const { method, path, body } = operation
      const example = bodies[`${method} ${path}`]
      const begins = (prefix: string) => path.startsWith(prefix)
      const isProtected =
        (operation.isProtected || protectedPaths.some(begins)) && path !== signIn?.path && !openPaths.some(begins)
      return { ...operation, isProtected, body: example === undefined ? body : { ...body, example } }
    })
  if (all.length > maxOperations)
    remarks.push(`Of ${all.length} operations the first ${maxOperations} are tried: see skip of the profile`)
  return { operations: all.slice(0, maxOperations), resolve }
}

/** Runs the areas one after the other. An area that fails does not stop the others. Returns why the run is not complete. */
async function runAreas(run: Run, selected: readonly Area[], { progress }: ProveOptions): Promise<string | undefined> {
  const { budget } = run.client
  const early: string[] = []
  for (const area of selected) {
    progress?.(area, budget.requests(), budget.elapsed())
    try {
      // Earlier areas may have ended the sessions.
      for (const account of [run.a, run.b]) await renew(run, account)
      await checks[area](run)
    } catch (error) {
      if (error instanceof BudgetSpent) throw error
      if (error instanceof NoAnswer) run.ledger.expect('errors.server', false, () => error.message)
      if (error instanceof NoAnswer && error.code === 'ECONNREFUSED') return 'the service no longer answers'
      early.push(printable(`${areas[area]} ended early: ${(error as Error).message}`))
    }
  }
  return early.length > 0 ? early.join('; ') : undefined
}

async function renew({ ask, profile, accounts }: Run, account: Account): Promise<void> {
  if (opens(profile, await ask({ ...profile.me, as: account }))) return
  Object.assign(account, await accounts.signIn(account))
}

/** Tests a deployment that shows the hash of the token. */
export async function prove(options: ProveOptions): Promise<Report> {
  const { profile, profileName, only = Object.keys(areas) as Area[], accept = [], secret, ca, attempts = 30 } = options
  const base = baseOf(options.url)
  const startedAt = new Date().toISOString()
  const budget = createBudget(options, options.timing)
  const client = createClient({ base, budget, ca })
  const ledger: Ledger = createLedger(new Set(accept), (area) => only.includes(area))
  const remarks: string[] = []
  const accounts = createAccounts(client, profile, ledger)
  let incomplete: string | undefined
  try {
    await passGate(client, options.token)
    ledger.hide(options.token)
    ledger.hide(secret)
    options.progress?.('accounts', budget.requests(), budget.elapsed())
    const { operations, resolve } = await readOperations(client, profile, remarks)
    const a = await accounts.open('A', 0)
    const b = await accounts.open('B', 1)
    const control = await client.ask({ ...profile.me, as: a })
    if (!opens(profile, control))
      throw new Refused(`${profile.me.path} answers ${control.status} to account A: the profile does not fit`)
    const run = { client, ask: client.ask, profile, ledger, accounts, operations, resolve, a, b, secret, attempts }
    incomplete = await runAreas(run, only, options)
  } catch (error) {
    if (!(error instanceof BudgetSpent)) throw error
    incomplete = error.message
  } finally {
    // Accounts are deleted even if the requests are used up.
    const last = createClient({
      base,
      ca,
      budget: createBudget({ rate: options.rate, maxRequests: 100, time: 120_000 }, options.timing)
    })
    const left = await createAccounts(last, profile, ledger).removeAll(accounts.made()).finally(last.close)
    if (left.length > 0) remarks.push(`These accounts could not be deleted: ${left.join(', ')}`)
    client.close()
    options.progress?.('end', budget.requests(), budget.elapsed())
  }
  const results = ledger.results()
  return {
    url: base.origin,
    profile: profileName,
    startedAt,
    duration: budget.elapsed() / 1000,
    requests: budget.requests(),
    results,
    incomplete,
    remarks
  }
}
