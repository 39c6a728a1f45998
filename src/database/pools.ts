interface Pool {
  readonly totalCount: number
  readonly idleCount: number
  readonly waitingCount: number
}

export interface LimitedPool extends Pool {
  readonly options: { max: number }
}

/** Whether a new caller gets a connection without waiting for another caller. */
export const isFree = (pool: LimitedPool): boolean =>
  pool.idleCount > pool.waitingCount || pool.totalCount < pool.options.max

const known = new WeakMap<object, Record<string, Pool>>()

export const registerPools = (db: object, pools: Record<string, Pool>) =>
  void known.set(db, { ...known.get(db), ...pools })

export const poolsOf = (db: object) =>
  Object.fromEntries(
    Object.entries(known.get(db) ?? {}).map(([name, { totalCount, idleCount, waitingCount }]) => [
      name,
      { total: totalCount, idle: idleCount, waiting: waitingCount }
    ])
  )
