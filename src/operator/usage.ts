import { parseArgs } from 'node:util'
import { commandText } from '../process/program.ts'

export const usage = `Usage: ${commandText('users', '<command>')} [<user>] [options]

  find [<text>]          users whose email, name or id contains the text, the latest sign-in first
  show <user>            sessions, second factors, latest events, and what the user stores
  export <user>          everything that is stored about the user, as JSON on standard output
  disable <user>         ends all sessions; nobody signs in until the account is enabled
  enable <user>
  end-sessions <user>    signs the user out everywhere
  reset-factors <user>   removes the authenticator app, passkeys and recovery codes, and ends all sessions
  send-reset <user>      sends the mail to set a new password
  role <user> <role>     user or admin; ends all sessions
  delete <user>          deletes the account with everything that belongs to it

<user> is the id, or the email of an account that registered here.

  --reason <text>   why; required for all but find and show
  --file <path>     many users, one a line, instead of <user>; - for standard input
  --from-line <n>   begins at this line of the file, as an interrupted run says
  --skip-missing    names the users who are not found, and does it to the others
  --yes             does not ask
  --json            for programs: JSON, for many users one line each
  --state <state>   find: all, active or disabled
  --role <role>     find: user or admin
  --limit <number>  find: how many, 20 unless given
  --cursor=<text>   find: the next page, as the last one says

Exit codes: 0 done, 1 failed, 2 wrong arguments or settings, 3 user not found, 4 not confirmed, 130 interrupted (Ctrl+C).
`

export const changes = ['disable', 'enable', 'end-sessions', 'reset-factors', 'send-reset', 'role', 'delete'] as const
export type Change = (typeof changes)[number]

const oneOf = <T extends string>(words: readonly T[], text: string | undefined): text is T =>
  words.some((word) => word === text)
const states = ['all', 'active', 'disabled'] as const
const roles = ['user', 'admin'] as const

export interface Search {
  command: 'find'
  text: string | undefined
  state: (typeof states)[number]
  role: (typeof roles)[number] | undefined
  limit: number
  cursor: string | undefined
  json: boolean
}
export interface Look {
  command: 'show'
  user: string
  json: boolean
}
export interface Exporting {
  command: 'export'
  user: string
  reason: string
}
export interface Changing {
  command: Change
  /** One or the other. */
  user: string | undefined
  file: string | undefined
  /** In the file. */
  fromLine: number
  skipMissing: boolean
  /** With `role` only. */
  role: (typeof roles)[number] | undefined
  reason: string
  yes: boolean
  json: boolean
}

const options = {
  reason: { type: 'string' },
  file: { type: 'string' },
  'from-line': { type: 'string' },
  'skip-missing': { type: 'boolean', default: false },
  yes: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  state: { type: 'string', default: 'all' },
  role: { type: 'string' },
  limit: { type: 'string', default: '20' },
  cursor: { type: 'string' }
} as const

function readReason(given = ''): string {
  const reason = given.trim()
  if (reason === '' || reason.length > 500) throw new Error('Say why, with --reason, in 1 to 500 characters')
  return reason
}

function read(args: string[]) {
  const { values, positionals } = parseArgs({ args, options, allowPositionals: true })
  const { state, role, json, cursor, file, yes } = values
  const [command, ...given] = positionals
  if (command === 'find') {
    const limit = /^\d{1,6}$/.test(values.limit) ? Number(values.limit) : 0
    if (limit === 0) throw new Error('--limit must be a number from 1 to 999999')
    if (!oneOf(states, state)) throw new Error(`--state must be ${states.join(', ')}`)
    if (role !== undefined && !oneOf(roles, role)) throw new Error('--role must be user or admin')
    return { command, text: given.join(' ') || undefined, state, role, limit, cursor, json } satisfies Search
  }
  const user = file === undefined ? given.shift() : undefined
  if (command === 'show') {
    if (user === undefined) throw new Error('Say which user')
    return { command, user, json } satisfies Look
  }
  if (command === 'export') {
    if (user === undefined) throw new Error('Say which user')
    return { command, user, reason: readReason(values.reason) } satisfies Exporting
  }
  if (!oneOf(changes, command)) throw new Error(command === undefined ? 'Say what to do' : `There is no ${command}`)
  if (user === undefined && file === undefined) throw new Error('Say which user, or name a --file')
  const next = command === 'role' ? given.shift() : undefined
  if (command === 'role' && !oneOf(roles, next)) throw new Error('The role must be user or admin')
  if (given.length > 0) throw new Error(`What is ${given[0]}? Quote a text with blanks`)
  const { 'from-line': from, 'skip-missing': skipMissing } = values
  if (from !== undefined && (file === undefined || !/^[1-9]\d{0,8}$/.test(from)))
    throw new Error('--from-line must be a line of the --file: 1, 2 ...')
  const reason = readReason(values.reason)
  const lines = { fromLine: Number(from ?? 1), skipMissing }
  return { command, user, file, ...lines, role: next as Changing['role'], reason, yes, json } satisfies Changing
}

/** Reads the command line. Throws an error with what is wrong. */
export const readArguments: (args: string[]) => Search | Look | Exporting | Changing = read
