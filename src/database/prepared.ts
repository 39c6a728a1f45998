import { hash } from 'node:crypto'
import { type Compilable, type CompiledQuery, type Kysely, type RawBuilder, sql, type Transaction } from 'kysely'
import { NamedQuery, type Outcome, type Value } from './named-query.ts'
import { isFree, type LimitedPool } from './pools.ts'
import type { Database } from './tables.ts'

export type { Value }

/** Marks the place of a value that each run supplies. */
class Placeholder {
  readonly name: PropertyKey
  constructor(name: PropertyKey) {
    this.name = name
  }
}

type Query = (config: { name: string; text: string; values: Value[] }) => Promise<{ rows: unknown[] }>

type QueryPool = LimitedPool & {
  query: (query: { name?: string; text: string; values: Value[] }) => Promise<Outcome>
}

interface Shortcut {
  // If not, Kysely's dialect waits for a connection with a limit (connection.ts).
  isFree: () => boolean
  query: Query
}

const shortcuts = new WeakMap<object, Shortcut>()
export const shortcutOf = (db: object) => shortcuts.get(db)

/** Prepared statement missing or already there: a pooler has exchanged connections. */
const pooledStatementErrors = new Set(['26000', '42P05'])
/** "cached plan must not change result type": a migration changed a column after the statement was prepared. */
const OUTDATED = '0A000'

/** Sends prepared queries directly to the pool, named by their text's hash: PostgreSQL plans each once per connection. */
export function sendDirectly(db: object, pool: QueryPool, named: boolean): void {
  let isNamed = named
  const query: Query = async ({ name, text, values }) => {
    if (isNamed) {
      const { rows, error } = await pool.query(new NamedQuery(name, text, values))
      if (!error) return { rows }
      if (pooledStatementErrors.has(error.code as string)) isNamed = false
      else if (error.code !== OUTDATED) throw error
    }
    return pool.query({ text, values })
  }
  shortcuts.set(db, { isFree: () => isFree(pool), query })
}

/** Compiles a query at its first run only. `build` gets a function that marks the values of each run. */
export function prepared<Values extends { [Name in keyof Values]: Value }, Row>(
  db: Kysely<Database> | Transaction<Database>,
  build: (value: <Name extends keyof Values>(name: Name) => RawBuilder<NonNullable<Values[Name]>>) => Compilable<Row>
) {
  let compiled: { query: CompiledQuery<Row>; name: string } | undefined

  function compile() {
    const query = build((name) => sql`${new Placeholder(name)}`).compile()
    return { query, name: hash('sha256', query.sql).slice(0, 40) }
  }

  return async (values: Values): Promise<Row[]> => {
    compiled ??= compile()
    const { query, name } = compiled
    const parameters = query.parameters.map((parameter) =>
      parameter instanceof Placeholder ? Reflect.get(values, parameter.name) : parameter
    ) as Value[]
    const shortcut = shortcuts.get(db)
    const { rows } = shortcut?.isFree()
      ? await shortcut.query({ name, text: query.sql, values: parameters })
      : await db.executeQuery({ ...query, parameters })
    return rows as Row[]
  }
}
