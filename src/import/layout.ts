import {
  accountColumns,
  type Layout,
  optionalColumns,
  type SourceTable,
  userColumns
} from '../repositories/better-auth.ts'

// Better Auth writes `userId`, Drizzle `user_id`, PostgreSQL without quotes `userid`.
const plain = (name: string) => name.toLowerCase().replaceAll('_', '')

/** Better Auth's table names, also with its option `usePlural`. */
const isUsers = ({ table }: SourceTable) => /^users?$/.test(plain(table))
const isAccounts = ({ table }: SourceTable) => /^accounts?$/.test(plain(table))

const isPlural = ({ table }: SourceTable) => /s$/i.test(table)

const named = ({ schema, table }: Pick<SourceTable, 'schema' | 'table'>) => `${schema}.${table}`

function match<const Name extends string>({ columns }: SourceTable, names: readonly Name[]) {
  const found = new Map(columns.map((column) => [plain(column), column]))
  const missing = names.filter((name) => !found.has(plain(name)))
  const columnOf = Object.fromEntries(names.map((name) => [name, found.get(plain(name))])) as Record<Name, string>
  return { missing, columns: columnOf }
}

const isComplete = (table: SourceTable, names: readonly string[]) => match(table, names).missing.length === 0

function whatIsMissing(
  tables: SourceTable[],
  candidates: SourceTable[],
  what: string,
  names: readonly string[]
): string {
  const [nearest] = candidates
  if (nearest) return `${named(nearest)} has no column ${match(nearest, names).missing.join(', ')}`
  const seen = tables.slice(0, 20).map(named).join(', ')
  return `there is no table ${what}; ${tables.length === 0 ? 'this role can read none' : `there are ${seen}`}`
}

const expected = `Users are expected in "user" or "users" (${userColumns.join(', ')}), and their passwords in "account" or "accounts" (${accountColumns.join(', ')}) of the same schema; columns may be in snake_case.`

// By foreign key, else by name, with the same number (singular or plural) first.
function usersBeside(account: SourceTable, tables: SourceTable[]): SourceTable[] {
  const beside = tables.filter(({ schema }) => schema === account.schema)
  const referred = beside.filter(({ table }) => account.refers_to.includes(table))
  if (referred.length > 0) return referred
  const alike = beside.filter((table) => isUsers(table) && isPlural(table) === isPlural(account))
  return alike.some((table) => isComplete(table, userColumns)) ? alike : beside.filter(isUsers)
}

/**
 * Finds the tables of users and passwords, first in the search path. The users table may have any name if the accounts
 * table has a foreign key to it. Throws an error that says what is missing or ambiguous.
 */
export function findLayout(tables: SourceTable[]): Layout {
  const accounts = tables.filter((table) => isAccounts(table) || isComplete(table, accountColumns))
  const complete = accounts.filter((table) => isComplete(table, accountColumns))
  if (complete.length === 0)
    throw new Error(
      `No Better Auth database: ${whatIsMissing(tables, accounts, 'account', accountColumns)}. ${expected}`
    )
  const pairs = complete.flatMap((account) => usersBeside(account, tables).map((user) => ({ account, user })))
  const whole = pairs.filter(({ user }) => isComplete(user, userColumns))
  if (whole.length === 0)
    throw new Error(
      `No Better Auth database: ${whatIsMissing(
        tables,
        pairs.map(({ user }) => user),
        'user',
        userColumns
      )}. ${expected}`
    )
  const near = whole.filter(({ account }) => account.in_search_path)
  const choice = near.length > 0 ? near : whole
  if (choice.length > 1)
    throw new Error(
      `More than one place for users: ${choice.map(({ user, account }) => `${named(user)} with ${named(account)}`).join('; ')}. Choose the schema in the URL: ?options=-c%20search_path%3Dauth`
    )
  const [{ user, account }] = choice as [(typeof whole)[number]]
  return {
    schema: account.schema,
    users: {
      table: user.table,
      columns: { ...match(user, optionalColumns).columns, ...match(user, userColumns).columns }
    },
    accounts: { table: account.table, columns: match(account, accountColumns).columns }
  }
}
