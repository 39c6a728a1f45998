import { type Connection, DatabaseError, type Submittable } from 'pg'
import { serialize } from 'pg-protocol'
import { getTypeParser } from './timestamps.ts'

export type Value = string | number | boolean | null | undefined

interface Column {
  name: string
  parse: (text: string) => unknown
}

/** The result of a query. `error` is PostgreSQL's error for this query only; the connection stays usable. */
export interface Outcome {
  rows: unknown[]
  error?: DatabaseError
}

const preparedBy = new WeakMap<Connection, Map<string, Column[]>>()

const executeAndSync = Buffer.concat([serialize.execute(), serialize.sync()])
const textOf = (value: Value) => (value === null || value === undefined ? null : String(value))

/**
 * A query that each connection prepares once, under its name, for use with pg's pools. It asks for the columns once and
 * sends one buffer, where pg asks each time and sends four messages: two thirds of the cost. Its methods are those of
 * pg's public interface `Submittable`, which pg-cursor also implements.
 */
export class NamedQuery implements Submittable {
  readonly name: string
  readonly text: string
  readonly values: Value[]
  declare callback: (error: Error | undefined, outcome?: Outcome) => void
  #columns: Column[] = []
  #prepared: Map<string, Column[]> | undefined
  readonly #rows: unknown[] = []

  constructor(name: string, text: string, values: Value[]) {
    this.name = name
    this.text = text
    this.values = values
  }

  submit(connection: Connection): void {
    const { name, text } = this
    const prepared = preparedBy.get(connection) ?? new Map<string, Column[]>()
    preparedBy.set(connection, prepared)
    this.#prepared = prepared
    const known = prepared.get(name)
    if (known) this.#columns = known
    const bind = serialize.bind({ statement: name, values: this.values.map(textOf) })
    const messages = known
      ? [bind, executeAndSync]
      : [
          // A failed first run may have left the statement.
          serialize.close({ type: 'S', name }),
          serialize.parse({ name, text }),
          bind,
          serialize.describe({ type: 'P' }),
          executeAndSync
        ]
    // As in pg: a closed connection rejects its queued queries itself.
    if (connection.stream.writable) connection.stream.write(Buffer.concat(messages))
  }

  handleRowDescription({ fields }: { fields: { name: string; dataTypeID: number }[] }): void {
    this.#columns = fields.map(({ name, dataTypeID }) => ({ name, parse: getTypeParser(dataTypeID) }))
    this.#prepared?.set(this.name, this.#columns)
  }

  handleDataRow({ fields }: { fields: (string | null)[] }): void {
    const row: Record<string, unknown> = {}
    const columns = this.#columns
    for (let i = 0; i < columns.length; i++) {
      const { name, parse } = columns[i] as Column
      const text = fields[i] as string | null
      row[name] = text === null ? null : parse(text)
    }
    this.#rows.push(row)
  }

  handleCommandComplete(): void {}

  handleReadyForQuery(): void {
    this.callback(undefined, { rows: this.#rows })
  }

  /** On an error here, pg's pool closes the connection. That is needless when PostgreSQL refused only the query. */
  handleError(error: Error): void {
    // After a migration changes a column's type, PostgreSQL refuses the prepared statement.
    this.#prepared?.delete(this.name)
    if (error instanceof DatabaseError && error.severity === 'ERROR') this.callback(undefined, { rows: [], error })
    else this.callback(error)
  }
}
