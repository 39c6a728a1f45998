import { useEffect, useRef } from 'react'
import type { Task } from '../api/types.ts'
import { say } from '../ui/notices.ts'
import { quoted } from '../ui/quoted.ts'
import type { Filter } from './filter.ts'
import { changedHere } from './our-doing.ts'

/** Tasks that a newer answer omits within its range. Those after its last task may be on a later page. */
function missing(before: readonly Task[], now: readonly Task[], complete: boolean): Task[] {
  const ids = new Set(now.map(({ id }) => id))
  const reach = complete ? before.length : before.findLastIndex(({ id }) => ids.has(id))
  return before.slice(0, Math.max(0, reach)).filter(({ id }) => !ids.has(id) && !changedHere.has(id))
}

/** Announces tasks that left a list without a change here. */
export function useGoneElsewhere(filter: Filter, tasks: readonly Task[] | undefined, complete: boolean): void {
  const view = JSON.stringify(filter)
  const seen = useRef({ view, tasks })
  const sure = filter.status === 'all' && filter.q === ''

  useEffect(() => {
    const before = seen.current
    seen.current = { view, tasks }
    if (!tasks || !before.tasks || before.view !== view) return
    const [first, ...others] = missing(before.tasks, tasks, complete)
    if (!first) return
    const what = others.length > 0 ? `${others.length + 1} tasks were` : `${quoted(first.title)} was`
    say(`${what} ${sure ? 'deleted' : 'changed or deleted'} on another device.`)
  }, [view, tasks, complete, sure])
}
