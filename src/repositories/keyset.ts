import { type Kysely, type RawBuilder, type SelectQueryBuilder, type SqlBool, sql, type Transaction } from 'kysely'

import { prepared, type Value } from '../database/prepared.ts'
import type { Database } from '../database/tables.ts'
import { countFitting, maxPageBytes, type Texts } from './page-size.ts'

type Db = Kysely<Database> | Transaction<Database>

/** Marks the place of a value that each run supplies. */
export type Values<Row> = <Name extends keyof Row>(name: Name) => RawBuilder<NonNullable<Row[Name]>>

/** Where a page ends: the value of the column that the list is sorted by, and the id of the last row. */
export interface Position {
  value: string
  id: string
}

export interface PageOptions<Sort extends string = string> {
  sort: Sort
  order: 'asc' | 'desc'
  /** Chooses between conditions; each has prepared statements of its own. */
  filter?: string
  limit: number
  after?: Position | undefined
}

export interface Page<Row> {
  items: Row[]
  /** Undefined on the last page. */
  next: Position | undefined
}

/** What decides about the text of a statement. */
export interface Shape<Sort extends string = string> extends Pick<PageOptions<Sort>, 'sort' | 'order' | 'filter'> {
  isLater: boolean
}

export interface PageValues {
  limit: number
  last: string | undefined
  lastId: string | undefined
}

/** A list of rows with a unique `id`, of one table. */
export interface Keyset<Asked, Sort extends string = string> {
  columns: readonly string[]
  /** The columns to sort by, with an index of each: the columns of the conditions, this one, `id`. */
  sorts: Record<Sort, string>
  /** `db.selectFrom('notes').where('user_id', '=', value('userId'))` */
  from: (value: Values<Asked>, filter: string | undefined) => SelectQueryBuilder<Database, keyof Database, object>
  /** Columns with long texts, and how many characters they have at most: a page ends early rather than exceed 1 MiB. */
  texts?: Texts
}

/** Orders a list, and continues it after a position. */
export function inKeysetOrder<DB, Tables extends keyof DB, Row>(
  query: SelectQueryBuilder<DB, Tables, Row>,
  name: string,
  { order, isLater }: Pick<Shape, 'order' | 'isLater'>,
  value: Values<Pick<PageValues, 'last' | 'lastId'>>
) {
  const column = sql.ref(name)
  const ordered = query.orderBy(column, order).orderBy(sql.ref('id'), order)
  const beyond = sql.raw(order === 'asc' ? '>' : '<')
  return isLater
    ? ordered.where(sql<SqlBool>`(${column}, id) ${beyond} (${value('last')}, ${value('lastId')})`)
    : ordered
}

/** A page of a list. */
export function pageQuery<Row, Asked, Sort extends string>(
  { columns, sorts, from }: Keyset<Asked, Sort>,
  shape: Shape<Sort>,
  value: Values<Asked & PageValues>
) {
  const column = sorts[shape.sort]
  const selected = [...new Set([...columns, column])].map((name) => sql.ref(name).as(name))
  return inKeysetOrder(from(value, shape.filter).select(selected), column, shape, value)
    .limit(value('limit'))
    .$castTo<Row>()
}

/** Bytes of a text that are not worth weighing: a page holds 100 of these in any case. */
const small = 1_024
/** The most bytes that a character takes in UTF-8. */
const widestCharacter = 4

/**
 * The same, up to the first row that cannot fit into a page. Weighs long texts by their bytes in UTF-8, which the server
 * knows without reading them: JSON is never shorter, so only a page that is full anyway ends early.
 */
export function boundedPageQuery<Row extends object, Asked, Sort extends string>(
  db: Db,
  keyset: Keyset<Asked, Sort>,
  shape: Shape<Sort>,
  value: Values<Asked & PageValues>
) {
  const { columns, sorts, texts = {} } = keyset
  const [column, direction] = [sql.ref(sorts[shape.sort]), sql.raw(shape.order)]
  const long = Object.keys(texts).filter((name) => Number(texts[name]) * widestCharacter > small)
  const weights = long.map(
    (name) =>
      sql`case when octet_length(${sql.ref(name)}) > ${sql.lit(small)} then octet_length(${sql.ref(name)}) else 0 end`
  )
  const before = sql<number>`coalesce(sum(${sql.join(weights, sql` + `)}) over (
    order by ${column} ${direction}, id ${direction} rows between unbounded preceding and 1 preceding), 0)`
  const selected = [...new Set([...columns, sorts[shape.sort]])].map((name) => sql.ref(name).as(name))
  return db
    .selectFrom(
      db
        .selectFrom(pageQuery<Row, Asked, Sort>(keyset, shape, value).as('listed'))
        .selectAll()
        .select(before.as('before'))
        .as('weighed')
    )
    .select(selected)
    .where(sql<SqlBool>`before <= ${sql.lit(maxPageBytes)}`)
    .orderBy(column, shape.order)
    .orderBy(sql.ref('id'), shape.order)
    .$castTo<Row>()
}

/** Returns what was prepared for the shape of a list. */
export function perShape<Run, Sort extends string = string>(prepare: (shape: Shape<Sort>) => Run) {
  const runs = new Map<string, Run>()
  return function runOf({ sort, order, filter, after }: PageOptions<Sort>): Run {
    const isLater = after !== undefined
    const key = `${sort} ${order} ${isLater} ${filter}`
    const run = runs.get(key) ?? prepare({ sort, order, isLater, ...(filter !== undefined && { filter }) })
    runs.set(key, run)
    return run
  }
}

/** The position of a row in a list that is sorted by a column. */
export const positionOf = (row: object, column: string): Position => {
  const { [column]: value, id } = row as Record<string, string>
  return { value: String(value), id: String(id) }
}

/** Makes a page of up to `limit` rows, as many as fit. More rows mean that there is a next page. */
export function cutPage<Row extends object>(rows: Row[], limit: number, column: string, texts: Texts = {}): Page<Row> {
  const count = Math.min(limit, countFitting(rows, texts))
  const hasMore = rows.length > count
  return { items: rows.slice(0, count), next: hasMore ? positionOf(rows[count - 1] as Row, column) : undefined }
}

/** Rows that a statement may return whatever their size. */
export const anySizeOf = (texts: Texts): number =>
  Math.floor(maxPageBytes / (widestCharacter * Object.values(texts).reduce((sum, length) => sum + length, 64)))

/** Keyset pagination: a page is a range of one index, so the last page costs the same as the first. */
export function keysetPages<Row extends object, Asked extends object, Sort extends string = string>(
  db: Db,
  keyset: Keyset<Asked, Sort>
) {
  const { sorts, texts = {} } = keyset
  const anySize = anySizeOf(texts)
  type Run = (values: Record<string, Value>) => Promise<Row[]>
  type AllValues = Values<Asked & PageValues>
  const pageOf = perShape<Run, Sort>((shape) =>
    prepared<Record<string, Value>, Row>(db, (value) => pageQuery<Row, Asked, Sort>(keyset, shape, value as AllValues))
  )
  const boundedPageOf = perShape<Run, Sort>((shape) =>
    prepared<Record<string, Value>, Row>(db, (value) =>
      boundedPageQuery<Row, Asked, Sort>(db, keyset, shape, value as AllValues)
    )
  )

  return async (asked: Asked, options: PageOptions<Sort>): Promise<Page<Row>> => {
    const { after, limit, sort } = options
    const read = limit < anySize ? pageOf(options) : boundedPageOf(options)
    const rows = await read({ ...asked, limit: limit + 1, last: after?.value, lastId: after?.id })
    return cutPage(rows, limit, sorts[sort], texts)
  }
}
