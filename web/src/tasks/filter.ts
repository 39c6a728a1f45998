import { useLocation, useSearch } from '../router.tsx'

export const statuses = { all: 'All', pending: 'To do', completed: 'Done' } as const
export type Status = keyof typeof statuses

export const orders = {
  'created-desc': 'Newest first',
  'created-asc': 'Oldest first',
  'title-asc': 'Title, A to Z',
  'title-desc': 'Title, Z to A'
} as const
export type Order = keyof typeof orders

export interface Filter {
  status: Status
  order: Order
  q: string
}

/** The view "To do", without a search. */
export const openTasks: Filter = { status: 'pending', order: 'created-desc', q: '' }

const pick = <Key extends string>(table: Record<Key, string>, text: string | null, fallback: Key): Key =>
  text !== null && Object.hasOwn(table, text) ? (text as Key) : fallback

/** The filter is kept in the address, so that reloads, bookmarks and signing in preserve it. */
export function useFilter(): [Filter, (change: Partial<Filter>) => void] {
  const [path, navigate] = useLocation()
  const params = new URLSearchParams(useSearch())
  const filter: Filter = {
    status: pick(statuses, params.get('status'), 'all'),
    order: pick(orders, params.get('order'), 'created-desc'),
    q: params.get('q') ?? ''
  }

  function change(wanted: Partial<Filter>) {
    const { status, order, q } = { ...filter, ...wanted }
    const next = new URLSearchParams()
    if (status !== 'all') next.set('status', status)
    if (order !== 'created-desc') next.set('order', order)
    if (q) next.set('q', q)
    navigate(next.size > 0 ? `${path}?${next}` : path, { replace: true })
  }

  return [filter, change]
}
