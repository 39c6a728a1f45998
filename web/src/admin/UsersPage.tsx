import type { UserFilter } from '../api/admin.ts'
import { useLocation, useSearch } from '../router.tsx'
import { SearchBox } from '../tasks/SearchBox.tsx'
import '../tasks/filter-bar.css'
import { AdminPage } from './AdminPage.tsx'
import { FoundList } from './FoundList.tsx'
import { UserRow } from './UserRow.tsx'
import { useUsers } from './useUsers.ts'

const states = { all: 'All', active: 'Active', disabled: 'Disabled' } as const
const isState = (text: string | null): text is keyof typeof states => text !== null && Object.hasOwn(states, text)

/** The filter is kept in the address, as that of tasks. */
function useFilter() {
  const [path, navigate] = useLocation()
  const params = new URLSearchParams(useSearch())
  const state = params.get('state')
  const filter: UserFilter = { q: params.get('q') ?? '', state: isState(state) ? state : 'all' }
  function change(wanted: Partial<UserFilter>) {
    const { q, state } = { ...filter, ...wanted }
    const next = new URLSearchParams({ ...(q && { q }), ...(state !== 'all' && { state }) })
    navigate(next.size > 0 ? `${path}?${next}` : path, { replace: true })
  }
  return [filter, change] as const
}

export default function UsersPage() {
  const [filter, change] = useFilter()
  return (
    <AdminPage title="Users" intro="All accounts, the latest sign-in first.">
      <div className="users">
        <section className="user-filters" aria-label="What the list shows">
          <SearchBox label="Search users" q={filter.q} onSearch={(q) => change({ q })} />
          <fieldset className="segments">
            <legend className="visually-hidden">Show</legend>
            {Object.entries(states).map(([state, label]) => (
              <label key={state}>
                <input
                  type="radio"
                  name="state"
                  checked={filter.state === state}
                  onChange={() => change({ state: state as UserFilter['state'] })}
                />
                <span>{label}</span>
              </label>
            ))}
          </fieldset>
        </section>
        <FoundList items="users" none="No user matches." found={useUsers(filter)}>
          {(user) => <UserRow key={user.id} user={user} />}
        </FoundList>
      </div>
    </AdminPage>
  )
}
