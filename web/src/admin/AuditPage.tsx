import { useId } from 'react'
import { eventInWords, eventNames, isAlarming } from '../account/events.ts'
import type { AuditFilter } from '../api/admin.ts'
import type { AuditEntry } from '../api/types.ts'
import { Link, useLocation, useSearch } from '../router.tsx'
import { Button } from '../ui/Button.tsx'
import { RelativeTime } from '../ui/RelativeTime.tsx'
import { AdminPage } from './AdminPage.tsx'
import { DaysChart } from './DaysChart.tsx'
import { FoundList } from './FoundList.tsx'
import { useAudit, useDays } from './useAudit.ts'

const actors = {
  user: 'The user',
  anonymous: 'Somebody unknown',
  admin: 'An admin',
  command: 'The command line',
  service: 'The service'
} as const
type ActorName = keyof typeof actors
const isActor = (text: string | null): text is ActorName => text !== null && Object.hasOwn(actors, text)

/** The filter is kept in the address. */
function useFilter() {
  const [path, navigate] = useLocation()
  const params = new URLSearchParams(useSearch())
  const actor = params.get('actor')
  const filter: AuditFilter = {
    event: params.get('event') ?? '',
    actor: isActor(actor) ? actor : '',
    user: params.get('user') ?? ''
  }
  function change(wanted: Partial<AuditFilter>) {
    const chosen = Object.entries({ ...filter, ...wanted }).filter(([, value]) => value !== '')
    const next = new URLSearchParams(chosen)
    navigate(next.size > 0 ? `${path}?${next}` : path, { replace: true })
  }
  return [filter, change] as const
}

function AuditRow({ event: entry }: { event: AuditEntry }) {
  const { event, at, actor, actor_id, user_id, ip, reason, times } = entry
  return (
    <li className="user-row">
      <h3>
        {eventInWords(event)} {isAlarming(event) && <span className="badge">Alarming</span>}{' '}
        {times > 1 && <span className="badge">{times} times</span>}
      </h3>
      <div className="user-facts soft small">
        <p>
          <RelativeTime at={at} />
        </p>
        {isActor(actor) && actor !== 'user' && (
          <p>
            By {actors[actor].toLowerCase()} {actor_id && <Link href={`/user?id=${actor_id}`}>{actor_id}</Link>}
          </p>
        )}
        {user_id && (
          <p>
            User <Link href={`/user?id=${user_id}`}>{user_id}</Link>
          </p>
        )}
        {ip && actor !== 'command' && <p>From {ip}</p>}
        {reason && <p dir="auto">Reason: {reason}</p>}
      </div>
    </li>
  )
}

function Charts() {
  const { data: days } = useDays()
  if (!days) return null
  return (
    <div className="charts">
      <DaysChart title="Sign-ups and sign-ins" days={days} measures={{ sign_ins: 'sign-ins', sign_ups: 'sign-ups' }} />
      <DaysChart
        title="Failures and refusals"
        days={days}
        measures={{ failures: 'failures', throttled: 'refused as too many' }}
      />
    </div>
  )
}

interface ChoiceProps {
  label: string
  /** What is chosen at first. On a narrow screen the label is not shown. */
  all: string
  value: string
  choices: Record<string, string>
  onChange: (value: string) => void
}

function Choice({ label, all, value, choices, onChange }: ChoiceProps) {
  const id = useId()
  return (
    <div className="sort">
      <label htmlFor={id}>{label}</label>
      <select
        id={id}
        className="text-box"
        aria-label={label}
        value={value}
        onChange={(event) => onChange(event.currentTarget.value)}
      >
        <option value="">{all}</option>
        {Object.entries(choices).map(([name, words]) => (
          <option key={name} value={name}>
            {words}
          </option>
        ))}
      </select>
    </div>
  )
}

const events = Object.fromEntries(eventNames.map((name) => [name, eventInWords(name)]))

export default function AuditPage() {
  const [filter, change] = useFilter()
  const found = useAudit(filter)
  return (
    <AdminPage title="Audit" intro="What users and operators did, newest first.">
      <div className="users">
        <Charts />
        <section className="user-filters" aria-label="What the list shows">
          <Choice
            label="Event"
            all="All events"
            value={filter.event}
            choices={events}
            onChange={(event) => change({ event })}
          />
          <Choice
            label="By"
            all="By anybody"
            value={filter.actor}
            choices={actors}
            onChange={(actor) => change({ actor: isActor(actor) ? actor : '' })}
          />
          {filter.user !== '' && (
            <p className="row">
              Only of user {filter.user} <Button onClick={() => change({ user: '' })}>Show all users</Button>
            </p>
          )}
        </section>
        <FoundList items="events" none="No event matches." found={found}>
          {(event) => <AuditRow key={event.id} event={event} />}
        </FoundList>
      </div>
    </AdminPage>
  )
}
