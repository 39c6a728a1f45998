import { hash } from 'node:crypto'
import { type Compilable, type CompiledQuery, type Kysely, type RawBuilder, sql, type Transaction } from 'kysely'
import { NamedQuery, type Outcome, type Value } from './named-query.ts'
import { isFree, type LimitedPool } from './pools.ts'
import type { Database } from './tables.ts'

/** What stands in a query for a value that each run brings. */
class Placeholder {
  readonly name: PropertyKey
  constructor(name: PropertyKey) {
    this.name = name
  }
}

type Query = (config: { name: string; text: string; values: Value[] }) => Promise<{ rows: unknown[] }>

/** What takes queries, with a name or without, as pg's pool does. */
type QueryPool = LimitedPool & {
  query: (query: { name?: string; text: string; values: Value[] }) => Promise<Outcome>
}

interface Shortcut {
  /** Whether nobody has to wait for a connection: Kysely's way knows how to (see connection.ts). */
  isFree: () => boolean
  query: Query
}

/** Ways past Kysely, by database. */
const shortcuts = new WeakMap<object, Shortcut>()
export const shortcutOf = (db: object) => shortcuts.get(db)

/** A server that has not prepared a statement, or has already: a pooler hands one connection's statements to another. */
const notOurs = new Set(['26000', '42P05'])
/** A migration has changed a column's type since the statement was prepared ("cached plan must not change result type"). */
const OUTDATED = '0A000'

/**
 * Lets the prepared queries of this database go straight to its pool, each under a name, so that PostgreSQL parses and plans it once a
 * connection. A name is the hash of its text: no other text can ever have it. Where a pooler mixes up the names, there
 * are none from then on.
 */
export function sendStraight(db: object, pool: QueryPool, named: boolean): void {
  let isNamed = named
  const query: Query = async ({ name, text, values }) => {
    if (isNamed) {
      const { rows, error } = await pool.query(new NamedQuery(name, text, values))
      if (!error) return { rows }
      if (notOurs.has(error.code as string)) isNamed = false
      else if (error.code !== OUTDATED) throw error
    }
    return pool.query({ text, values })
  }
  shortcuts.set(db, { isFree: () => isFree(pool), query })
}

/**
 * A query as Kysely builds it, built and compiled at its first run only. `build` gets what to write for a value that each run
 * brings. Inside a transaction, and where no pool can be reached past Kysely, it runs by Kysely.
 */
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
