/** What pg's pool says of itself. */
interface Pool {
  readonly totalCount: number
  readonly idleCount: number
  readonly waitingCount: number
}

export interface LimitedPool extends Pool {
  readonly options: { max: number }
}

/** Whether who asks a pool for a connection gets one at once, or as soon as it is made. */
export const isFree = (pool: LimitedPool): boolean =>
  pool.idleCount > pool.waitingCount || pool.totalCount < pool.options.max

const known = new WeakMap<object, Record<string, Pool>>()

/** Keeps a database's pools, by what each is for. */
export const rememberPools = (db: object, pools: Record<string, Pool>) =>
  void known.set(db, { ...known.get(db), ...pools })

/** Connections of each pool of a database: how many there are, how many of them idle, how many requests wait for one. */
export const poolsOf = (db: object) =>
  Object.fromEntries(
    Object.entries(known.get(db) ?? {}).map(([name, { totalCount, idleCount, waitingCount }]) => [
      name,
      { total: totalCount, idle: idleCount, waiting: waitingCount }
    ])
  )
