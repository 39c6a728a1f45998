import { problems } from '../../http/problems.ts'
import type { FeedPosition, FeedRow, RevocationFeedRepository } from '../../repositories/revocation-feed.ts'
import { singleFlight } from '../../util/single-flight.ts'
import type { Revocations } from './revocations.ts'

export interface FeedPage {
  rows: FeedRow[]
  position: FeedPosition
  /** Whether more is there already. */
  isMore: boolean
}

/** What was committed between the tail before it and `to`. */
interface Step {
  to: string
  rows: FeedRow[]
}

/** Revocations of a page, and of all steps that are kept for readers; readers that wait; steps that are kept. */
const PAGE_SIZE = 1_000
const MAX_WAITING = 200
const maxSteps = 256

/** Snapshots of another cluster, after a restore or a failover, can be from the future. */
const endOf = (snapshot: string) => BigInt(snapshot.split(':')[1] as string)

/**
 * Revocations for other services. Readers that wait hold no database connection: after each revocation one query reads what is
 * new for all of them.
 */
export function createRevocationFeed(repository: RevocationFeedRepository, revocations: Pick<Revocations, 'onChange'>) {
  const steps: Step[] = []
  const waiters = new Set<() => void>()
  let tail: string | undefined
  /** The number of the last step. */
  let last = 0
  let isBehind = false
  let isClosed = false

  function forget(): void {
    tail = undefined
    last += 1
    steps.length = 0
  }

  function push(step: Step): void {
    steps.push(step)
    last += 1
    let kept = steps.reduce((sum, { rows }) => sum + rows.length, 0)
    while (steps.length > maxSteps || kept > PAGE_SIZE) kept -= (steps.shift() as Step).rows.length
  }

  const advance = singleFlight(async () => {
    isBehind = false
    try {
      const to = await repository.snapshot()
      if (tail === undefined || to === tail) return
      const rows = await repository.between(tail, to, '0', PAGE_SIZE)
      // The readers read pages by themselves.
      if (rows.length === PAGE_SIZE || endOf(to) < endOf(tail)) forget()
      else {
        tail = to
        push({ to, rows })
        if (rows.length === 0) return
      }
    } catch (error) {
      isBehind = true
      throw error
    }
    for (const wake of waiters) wake()
  })

  revocations.onChange(() => {
    isBehind = true
    if (waiters.size > 0) advance().catch(() => {})
  })

  /** Revocations since a step; undefined if they are not kept. */
  function since(step: number): FeedRow[] | undefined {
    if (last - step > steps.length) return undefined
    return steps.slice(steps.length - (last - step)).flatMap((later) => later.rows)
  }

  /** The number of the step that ended at a snapshot. */
  function stepAt(snapshot: string | undefined): number | undefined {
    const index = steps.findLastIndex(({ to }) => to === snapshot)
    return index < 0 ? undefined : last - (steps.length - 1 - index)
  }

  async function readPage({ seen, until, id = '0' }: FeedPosition): Promise<FeedPage> {
    const now = await repository.snapshot()
    if ([seen, until].some((snapshot) => snapshot !== undefined && endOf(snapshot) > endOf(now))) return readPage({})
    const to = until ?? now
    const rows = await repository.between(seen, to, id, PAGE_SIZE)
    const isMore = rows.length === PAGE_SIZE
    return { rows, isMore, position: isMore ? { seen, until: to, id: rows.at(-1)?.id } : { seen: to } }
  }

  async function wait(milliseconds: number, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    waiters.add(resolve)
    const timer = setTimeout(resolve, milliseconds)
    signal.addEventListener('abort', () => resolve())
    if (isBehind) advance().catch(() => {})
    await promise
    clearTimeout(timer)
    waiters.delete(resolve)
  }

  /** Waits for what comes after a position. `step` is the last one from before its snapshot was taken. */
  async function waitFrom(
    step: number,
    position: FeedPosition,
    milliseconds: number,
    signal: AbortSignal
  ): Promise<FeedPage> {
    if (waiters.size >= MAX_WAITING) throw problems.unavailable('too many readers of revocations', 5)
    if (since(step)?.length === 0 && !isClosed && !signal.aborted) await wait(milliseconds, signal)
    const rows = since(step)
    return rows ? { rows, isMore: false, position: { seen: tail } } : { rows: [], isMore: true, position }
  }

  return {
    get waiting(): number {
      return waiters.size
    },

    /**
     * Reads what came after a position; without one, all revocations. If there is nothing, waits for it so many milliseconds.
     * Throws `unavailable` if too many readers wait.
     */
    async read(after: FeedPosition, milliseconds: number, signal: AbortSignal): Promise<FeedPage> {
      const known = after.until === undefined ? stepAt(after.seen) : undefined
      if (known !== undefined && milliseconds > 0) {
        if (isBehind) await advance()
        if (since(known)) return waitFrom(known, after, milliseconds, signal)
      }
      const before = last
      const hadTail = tail !== undefined
      const page = await readPage(after)
      if (page.rows.length > 0 || milliseconds === 0) return page
      // The first reader: what others have read meanwhile may be from before this page.
      if (!hadTail && tail !== undefined) return { ...page, isMore: true }
      if (tail === undefined) {
        tail = page.position.seen as string
        push({ to: tail, rows: [] })
        return waitFrom(last, page.position, milliseconds, signal)
      }
      return waitFrom(before, page.position, milliseconds, signal)
    },

    /** Answers all that wait. */
    close(): void {
      isClosed = true
      for (const wake of waiters) wake()
    }
  }
}

export type RevocationFeed = ReturnType<typeof createRevocationFeed>
