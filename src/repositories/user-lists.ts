import { type Kysely, type RawBuilder, sql, type Transaction } from 'kysely'
import type { ManagedUser } from '../../schemas/managed-users.ts'
import type { Database } from '../database/tables.ts'
import { columns as ownColumns } from './users.ts'

// Rows. `first`: read before any index is asked, because many users match most searches. `named`: by the index, read to
// compare their texts. `found`: sorted at most. `read`: read for one page at most.
const bounds = { first: 200, named: 3_000, found: 1_000, read: 2_000 }

/** Parts that are sought in the index, the rarest ones: each further one takes time and rules out little. */
const mostGrams = 4

/** Where a page of users ends: when the last one signed in, and their id. */
export interface UserPosition {
  at: string
  id: string
}

export interface UserListOptions {
  /** Part of the address, the name or the id. */
  text?: string | undefined
  state: 'all' | 'active' | 'disabled'
  role?: 'user' | 'admin' | undefined
  limit: number
  after?: UserPosition | undefined
}

export interface ListedUsers {
  items: ManagedUser[]
  /** Undefined on the last page. A page that is not full may have a next one. */
  next: UserPosition | undefined
}

/** What an operator may see of a user: never the hash. */
const columns = sql.join(
  [...ownColumns, 'issuer', 'disabled_at', 'disabled_reason'].map((column) => sql.ref(`users.${column}`))
)
const lastSignIn = sql`nullif(sign_ins.at, '-infinity') as last_sign_in_at`

/** As in the index users_by_grams. */
const folded = sql`lower(users.email || E'\n' || users.name || E'\n' || users.id::text)`

/** Text, because JavaScript has no time before all times. */
const earliest: UserPosition['at'] = '-infinity'

interface Read extends ManagedUser {
  place: number
  matches: boolean
}

const shown = ({ place, matches, ...user }: Read): ManagedUser => user
const positionOf = ({ id, last_sign_in_at }: ManagedUser): UserPosition => ({ at: last_sign_in_at ?? earliest, id })

const contains = (text: string | undefined) =>
  text ? sql<boolean>`strpos(${folded}, lower(${text})) > 0` : sql<boolean>`true`

function filters({ state, role }: UserListOptions): RawBuilder<boolean> {
  const all = [
    ...(state === 'all'
      ? []
      : [state === 'active' ? sql<boolean>`users.is_active` : sql<boolean>`not users.is_active`]),
    ...(role === 'admin' ? [sql<boolean>`users.role = 'admin'`] : []),
    ...(role === 'user' ? [sql<boolean>`users.role <> 'admin'`] : [])
  ]
  return all.length > 0 ? sql<boolean>`(${sql.join(all, sql` and `)})` : sql<boolean>`true`
}

/** The parts of a text to seek: those that ANALYZE counted least. */
const partsOf = (text: string) => sql`
  select (array_agg(gram order by share nulls first))[1:${sql.lit(mostGrams)}] as grams
  from (
    select gram, max(share) as share from unnest(text_grams(lower(${text}))) as gram left join (
      select unnest(most_common_elems::text::text[]) as common, unnest(most_common_elem_freqs) as share
      from pg_stats where schemaname = current_schema() and tablename = 'users_by_grams'
    ) as counted on common = gram group by gram
  ) as parts`

const before = (position: UserPosition | undefined) =>
  position
    ? sql<boolean>`(sign_ins.at, sign_ins.user_id) < (${position.at}::timestamptz, ${position.id}::uuid)`
    : sql<boolean>`true`

/** Finds users. Lists are in the order of the last sign-in, newest first. */
export function userLists(db: Kysely<Database> | Transaction<Database>, { first, named, found, read } = bounds) {
  /** Reads the next users in the order of the list. Returns those that match and, as a mark, the last one read. */
  async function walk(options: UserListOptions, slice: number, wanted: number): Promise<Read[]> {
    const { rows } = await sql<Read>`
      select * from (
        select ${columns}, ${lastSignIn}, place::int, ${contains(options.text)} and ${filters(options)} as matches
        from (
          select user_id, at, row_number() over (order by at desc, user_id desc) as place
          from sign_ins where ${before(options.after)}
          order by at desc, user_id desc limit ${slice}
        ) as sign_ins join users on users.id = sign_ins.user_id
      ) as slice
      where matches or place = ${slice}
      order by place limit ${wanted}`.execute(db)
    return rows
  }

  /** Finds the users that an index names, unless it names too many. */
  async function pick(options: UserListOptions, wanted: number): Promise<ManagedUser[] | undefined> {
    const { text = '' } = options
    const hasParts = sql<boolean>`text_grams(${folded}) @> (select grams from sought)`
    const { rows } = await sql<{ is_many: boolean } & (ManagedUser | { id: null })>`
      with sought as (${partsOf(text)}), found as materialized (
        select id, place from (
          select users.id, ${contains(text)} as matches, row_number() over () as place from users
          where ${text.length > 2 ? hasParts : sql<boolean>`true`} and ${filters(options)} limit ${named + 1}
        ) as named where matches or place > ${named} limit ${found + 1}
      ), tally as (select count(*) > ${found} or coalesce(max(place), 0) > ${named} as is_many from found)
      select tally.is_many, page.* from tally left join lateral (
        select ${columns}, ${lastSignIn}
        from found join users on users.id = found.id join sign_ins on sign_ins.user_id = found.id
        where not tally.is_many and ${before(options.after)}
        order by sign_ins.at desc, sign_ins.user_id desc limit ${wanted}
      ) as page on true`.execute(db)
    if (rows[0]?.is_many) return undefined
    return rows.flatMap(({ is_many, ...user }) => (user.id === null ? [] : [user]))
  }

  async function list(options: UserListOptions): Promise<ListedUsers> {
    const { text = '', state, role, limit } = options
    const isFiltered = text !== '' || state !== 'all' || role !== undefined
    const isNamed = text.length > 2 || state === 'disabled' || role === 'admin'
    const items: ManagedUser[] = []
    const full = (): ListedUsers => {
      const page = items.slice(0, limit)
      return { items: page, next: positionOf(page.at(-1) as ManagedUser) }
    }

    let { after } = options
    for (const slice of isFiltered ? [first, read - first] : [limit + 1]) {
      const wanted = limit + 1 - items.length
      const rows = await walk({ ...options, after }, slice, wanted + 1)
      items.push(...rows.filter(({ matches }) => matches).map(shown))
      if (items.length > limit) return full()
      const last = rows.at(-1)
      if (!last || last.place < slice) return { items, next: undefined }
      after = positionOf(last)
      const picked = slice === first && isNamed ? await pick({ ...options, after }, wanted) : undefined
      if (picked) {
        items.push(...picked)
        return items.length > limit ? full() : { items, next: undefined }
      }
    }
    return { items, next: after }
  }

  return {
    list,

    async find(id: string): Promise<ManagedUser | undefined> {
      const { rows } = await sql<ManagedUser>`select ${columns}, ${lastSignIn}
        from users join sign_ins on sign_ins.user_id = users.id where users.id = ${id}`.execute(db)
      return rows[0]
    }
  }
}
