import { validate as isUuid } from 'uuid'
import type { ManagedUser, ManagedUserDetails } from '../../schemas/managed-users.ts'
import type { Role } from '../../schemas/users.ts'
import { normalEmail } from '../auth/email-address.ts'
import type { Cursors } from '../http/cursors.ts'
import { Problem } from '../http/problems.ts'
import { printable } from '../logging/printable.ts'
import type { UserPosition } from '../repositories/user-lists.ts'
import type { Operations, Order } from './operations.ts'
import type { Terminal } from './terminal.ts'
import { type Change, type Changing, type Exporting, type Look, readArguments, type Search, usage } from './usage.ts'

export const exitCodes = { done: 0, failed: 1, usage: 2, notFound: 3, notConfirmed: 4 } as const

interface Surroundings {
  operations: Operations
  cursors: Cursors
  terminal: Terminal
  /** The system account of the operator. */
  name: string
}

/** What a change does, after "This" and before the users. */
const effects: Record<Change, string> = {
  disable: 'disables, and ends all sessions of,',
  enable: 'enables',
  'end-sessions': 'ends all sessions of',
  'reset-factors': 'removes all second factors, and ends all sessions, of',
  'send-reset': 'sends a mail to set a new password to',
  role: 'changes the role, and ends all sessions, of',
  delete: 'deletes for good, with all that they have stored,'
}
const asks = new Set<Change>(['disable', 'end-sessions', 'reset-factors', 'role', 'delete'])
const maxNamed = 10
const pageSize = 100
const barLength = 30
/** Users who are looked up at the same time. */
const lookUps = 8

const isMissing = (error: unknown) => error instanceof Problem && error.code === 'not_found'
/** For `catch`: undefined if a user was not found. Throws every other error. */
function ifMissing(error: unknown): undefined {
  if (!isMissing(error)) throw error
}
const escaped = (character: string) =>
  character
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('')
/** JSON, without the characters that move a terminal's cursor or change the reading direction, which JSON may contain. */
const asJson = (value: unknown) => JSON.stringify(value).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, escaped)
const json = (value: unknown) => `${asJson(value)}\n`
const asList = (items: unknown[]) => asJson(items).slice(1, -1)

const lineOf = ({ id, email, name, is_active, role, issuer, last_sign_in_at }: ManagedUser): string =>
  `${[
    id,
    last_sign_in_at ?? 'not yet'.padEnd(24),
    is_active ? 'active  ' : 'disabled',
    role.padEnd(5),
    email,
    printable(name),
    ...(issuer === null ? [] : [`of ${issuer}`])
  ].join('  ')}\n`

function describe({ sessions, factors, personal_tokens, events, usage, ...user }: ManagedUserDetails): string {
  const facts = Object.entries(user).map(([name, value]) => `${name.padEnd(18)}${printable(String(value ?? '-'))}\n`)
  return [
    ...facts,
    ...Object.entries(usage).map(([name, number]) => `${name.padEnd(18)}${number}\n`),
    `second factors    ${factors.totp ? 'authenticator app, ' : ''}${factors.passkeys} passkeys, ${factors.recovery_codes} recovery codes\n`,
    `access tokens     ${personal_tokens}\n`,
    `sessions          ${sessions.length}\n`,
    ...sessions.map(
      ({ last_used_at, ip, user_agent }) => `  ${last_used_at}  ${ip ?? '-'}  ${printable(user_agent ?? '-')}\n`
    ),
    'latest events\n',
    ...events.map(({ at, event, ip, times }) => `  ${at}  ${event}${times > 1 ? ` (${times})` : ''}  ${ip ?? '-'}\n`)
  ].join('')
}

/** Writes page by page, so that a list of any length fits into memory. */
async function find(
  { text, state, role, limit, cursor, json: isJson }: Search,
  { operations, cursors, terminal }: Surroundings
) {
  const scope = JSON.stringify(['users', text, state, role])
  let after = cursor === undefined ? undefined : cursors.open<UserPosition>(scope, cursor)
  let found = 0
  do {
    const page = await operations.list({ text, state, role, limit: Math.min(pageSize, limit - found), after })
    if (!isJson) terminal.out(page.items.map(lineOf).join(''))
    else if (page.items.length > 0) terminal.out(`${found > 0 ? ',' : '{"items":['}${asList(page.items)}`)
    found += page.items.length
    after = page.next
  } while (after && found < limit && terminal.isOpen())
  const next_cursor = after ? cursors.seal(scope, after) : null
  if (isJson) terminal.out(`${found > 0 ? '' : '{"items":['}],"next_cursor":${JSON.stringify(next_cursor)}}\n`)
  else if (terminal.isOpen())
    terminal.err(`${found} users${next_cursor ? `; more with --cursor=${next_cursor}` : ''}\n`)
  return exitCodes.done
}

/** The user that a text names. Throws `not_found`. */
async function resolve(text: string, { operations }: Surroundings): Promise<ManagedUser> {
  return operations.find(isUuid(text) ? text : await operations.findId(normalEmail(text) ?? ''))
}

async function show({ user, json: isJson }: Look, surroundings: Surroundings) {
  const { operations, terminal } = surroundings
  const details = await operations.show((await resolve(user, surroundings)).id)
  terminal.out(isJson ? json(details) : describe(details))
  return exitCodes.done
}

async function exportData({ user, reason }: Exporting, surroundings: Surroundings) {
  const { operations, terminal, name } = surroundings
  const { id } = await resolve(user, surroundings)
  await terminal.pipe(await operations.exportData(id, { actor: { name }, reason }))
  return exitCodes.done
}

interface Named {
  /** In the file: 1, 2 ... */
  line: number
  name: string
}
type Found = Named & { user: ManagedUser }

async function namesOf({ user, file, fromLine }: Changing, terminal: Terminal): Promise<Named[]> {
  if (file === undefined) return [{ line: 1, name: user as string }]
  const lines = (await terminal.readFile(file)).split('\n')
  return lines.flatMap((text, i) => {
    const [line, name] = [i + 1, text.trim()]
    return name === '' || line < fromLine ? [] : { line, name }
  })
}

/** Finds all users before anything is done to the first. Of a user who is named twice, the first line counts. */
async function findAll(changing: Changing, surroundings: Surroundings) {
  const names = await namesOf(changing, surroundings.terminal)
  const all: (Named & { user: ManagedUser | undefined })[] = []
  const lookUp = async (named: Named) => ({ ...named, user: await resolve(named.name, surroundings).catch(ifMissing) })
  for (let from = 0; from < names.length; from += lookUps)
    all.push(...(await Promise.all(names.slice(from, from + lookUps).map(lookUp))))
  const found = all.filter((one): one is Found => one.user !== undefined)
  const users = [...Map.groupBy(found, ({ user }) => user.id).values()].map(([first]) => first as Found)
  return { users, missing: all.filter(({ user }) => !user) }
}

/** Says what will be done. Returns whether the operator wants it. */
async function confirm({ command, role, yes }: Changing, users: Found[], terminal: Terminal): Promise<boolean> {
  const named = users.slice(0, maxNamed).map(({ user: { email, id } }) => `  ${email} (${id})\n`)
  const more = users.length > maxNamed ? `  and ${users.length - maxNamed} more\n` : ''
  const count = users.length === 1 ? 'this user' : `these ${users.length} users`
  terminal.err(`This ${effects[command]} ${count}${role ? `, to ${role}` : ''}:\n${named.join('')}${more}`)
  if (yes || !asks.has(command)) return true
  if (!terminal.isInteractive) {
    terminal.err('Nothing was done: nobody can be asked here. Repeat it with --yes\n')
    return false
  }
  const [question, expected] =
    command === 'delete'
      ? users.length === 1
        ? ['Type the email to delete the account: ', users[0]?.user.email]
        : [`Type "delete ${users.length}" to delete the accounts: `, `delete ${users.length}`]
      : ['Go on? Type yes: ', 'yes']
  const isConfirmed = (await terminal.ask(question)).trim().toLowerCase() === expected
  if (!isConfirmed) terminal.err('Nothing was done.\n')
  return isConfirmed
}

function doer({ command, role, reason }: Changing, { operations, name }: Surroundings) {
  const order: Order = { actor: { name }, reason }
  const all: Record<Change, (user: ManagedUser) => Promise<unknown>> = {
    disable: ({ id }) => operations.disable(id, order),
    enable: ({ id }) => operations.enable(id, order),
    'end-sessions': ({ id }) => operations.endSessions(id, order),
    'reset-factors': ({ id }) => operations.resetFactors(id, order),
    'send-reset': ({ id }) => operations.sendReset(id, order),
    role: ({ id }) => operations.setRole(id, role as Role, order),
    delete: ({ id, email }) => operations.remove(id, email, order)
  }
  return all[command]
}

/** Says which users were not found. Returns whether the others are to be changed. */
function tellMissing({ file, skipMissing, json: isJson }: Changing, missing: Named[], terminal: Terminal): boolean {
  if (missing.length === 0) return true
  if (isJson)
    for (const { line, name } of missing) terminal.out(json({ line, user: name, done: false, error: 'User not found' }))
  const place = (line: number) => (file === undefined ? '' : `line ${line}: `)
  const shown = isJson ? missing.slice(0, maxNamed) : missing
  const named = shown.map(({ line, name }) => `  ${place(line)}${printable(name)}\n`).join('')
  const count = missing.length === 1 ? 'a user was' : `${missing.length} users were`
  terminal.err(`${skipMissing ? 'Left out' : 'Nothing was done'}: ${count} not found\n${named}`)
  if (!skipMissing && file !== undefined) terminal.err('Do it to the others with --skip-missing\n')
  return skipMissing
}

async function change(changing: Changing, surroundings: Surroundings) {
  const { terminal } = surroundings
  const { command, json: isJson } = changing
  const { users, missing } = await findAll(changing, surroundings)
  if (!tellMissing(changing, missing, terminal)) return exitCodes.notFound
  if (users.length === 0 && missing.length > 0) return exitCodes.notFound
  if (users.length === 0) {
    terminal.err('The file names no user.\n')
    return exitCodes.usage
  }
  if (!(await confirm(changing, users, terminal))) return exitCodes.notConfirmed
  const work = doer(changing, surroundings)
  const interrupted = terminal.watchSignals()
  let failed = 0
  for (const [index, { line, user }] of users.entries()) {
    const code = interrupted()
    if (code !== undefined) {
      const left = users.length - index
      terminal.err(`\n${command}: ${index - failed} done, ${failed} failed, ${left} not begun: it was interrupted\n`)
      terminal.err(`Go on with --from-line ${line}\n`)
      return code
    }
    const { id, email } = user
    const error = await work(user).then(
      () => undefined,
      ({ message }: Error) => message
    )
    if (error) failed += 1
    if (terminal.isInteractive && users.length > 1) terminal.err(bar(index + 1, users.length))
    if (isJson) terminal.out(json({ id, email, done: error === undefined, ...(error && { error }) }))
    else if (error) terminal.err(`${email} (${id}): ${error}\n`)
  }
  terminal.err(`${command}: ${users.length - failed} done, ${failed} failed\n`)
  return failed > 0 ? exitCodes.failed : exitCodes.done
}

/** A progress bar, on the line of the one before. */
function bar(done: number, all: number): string {
  const filled = Math.round((barLength * done) / all)
  return `\r[${'#'.repeat(filled)}${' '.repeat(barLength - filled)}] ${done}/${all}${done === all ? '\n' : ''}`
}

/** Reads a command line, and does it with what `open` opens. Returns the exit code. */
export async function runCommand(
  args: string[],
  terminal: Terminal,
  open: () => Promise<Omit<Surroundings, 'terminal'> & { close: () => Promise<void> }>
): Promise<number> {
  let wanted: ReturnType<typeof readArguments>
  try {
    wanted = readArguments(args)
  } catch (error) {
    terminal.err(`${(error as Error).message}\n\n${usage}`)
    return exitCodes.usage
  }
  const { close, ...opened } = await open()
  const surroundings = { ...opened, terminal }
  function act(): Promise<number> {
    if (wanted.command === 'find') return find(wanted, surroundings)
    if (wanted.command === 'show') return show(wanted, surroundings)
    if (wanted.command === 'export') return exportData(wanted, surroundings)
    return change(wanted, surroundings)
  }
  function explain(error: Error): number {
    terminal.err(`${error.message}\n`)
    if (isMissing(error)) return exitCodes.notFound
    return error instanceof Problem && error.status === 400 ? exitCodes.usage : exitCodes.failed
  }
  return act().catch(explain).finally(close)
}
