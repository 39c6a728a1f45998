import { useState } from 'react'
import { deviceOf } from '../account/device.ts'
import { eventInWords, originInWords } from '../account/events.ts'
import type { ManagedUserDetails } from '../api/types.ts'
import { hasTasks } from '../product.ts'
import { Link, useSearch } from '../router.tsx'
import { Button } from '../ui/Button.tsx'
import { ErrorState } from '../ui/ErrorState.tsx'
import { RelativeTime } from '../ui/RelativeTime.tsx'
import { Skeleton } from '../ui/Skeleton.tsx'
import { exactTime } from '../ui/time.ts'
import { AdminPage } from './AdminPage.tsx'
import { OperationDialog } from './OperationDialog.tsx'
import { type Operation, operationsFor } from './operations.ts'
import { UserBadges } from './UserRow.tsx'
import { useUser } from './useUsers.ts'

const number = new Intl.NumberFormat('en')

/** Numbers of the product. Those of tasks are one fact. */
const usageInWords = (usage: Record<string, number>): [string, string][] =>
  hasTasks
    ? [['Tasks', `${number.format(usage.tasks ?? 0)}, ${number.format(usage.bytes ?? 0)} bytes`]]
    : Object.entries(usage).map(([name, value]) => [name, number.format(value)])

function Facts({ user }: { user: ManagedUserDetails }) {
  const { factors, usage } = user
  const facts: [string, string][] = [
    ['Name', user.name],
    ['Id', user.id],
    ['Address', user.email_verified ? 'Confirmed' : 'Not confirmed'],
    ['Last sign-in', user.last_sign_in_at ? exactTime(user.last_sign_in_at) : 'Never here'],
    ['Created', exactTime(user.created_at)],
    ...(user.is_active
      ? []
      : [
          [
            'Disabled',
            `${user.disabled_at ? exactTime(user.disabled_at) : 'By SQL'}: ${user.disabled_reason ?? 'no reason'}`
          ] as [string, string]
        ]),
    ['Authenticator app', factors.totp ? 'On' : 'Off'],
    ['Passkeys', number.format(factors.passkeys)],
    ['Recovery codes', `${number.format(factors.recovery_codes)} left`],
    ['Access tokens', number.format(user.personal_tokens)],
    ...usageInWords(usage)
  ]
  return (
    <section className="sheet card" aria-label="The account">
      <p className="row user-state">
        <UserBadges user={user} />
        {user.is_active && <span className="badge good">Active</span>}
      </p>
      <dl className="facts">
        {facts.map(([name, value]) => (
          <div key={name} className="fact">
            <dt>{name}</dt>
            <dd dir="auto">{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  )
}

function Sessions({ user: { sessions } }: { user: ManagedUserDetails }) {
  return (
    <section className="stack" aria-labelledby="sessions-of-user">
      <h2 id="sessions-of-user">Sessions</h2>
      {sessions.length === 0 && <p className="soft">No session is open.</p>}
      <ul className="sheet wide" aria-label="Sessions">
        {sessions.map(({ id, user_agent, ip, last_used_at }) => (
          <li key={id} className="user-row">
            <h3>{deviceOf(user_agent).name}</h3>
            <p className="soft small">
              Last used <RelativeTime at={last_used_at} /> from {ip ?? 'an unknown address'}
            </p>
          </li>
        ))}
      </ul>
    </section>
  )
}

function Events({ user: { id, events } }: { user: ManagedUserDetails }) {
  return (
    <section className="stack" aria-labelledby="events-of-user">
      <h2 id="events-of-user">Latest events</h2>
      <Link href={`/audit?user=${id}`}>All events in the audit log</Link>
      {events.length === 0 && <p className="soft">Nothing happened lately.</p>}
      <ul className="sheet wide" aria-label="Latest events">
        {events.map(({ id, event, at, ip, times }) => (
          <li key={id} className="user-row">
            <h3>
              {eventInWords(event)} {times > 1 && <span className="badge">{times} times</span>}
            </h3>
            <p className="soft small">
              <RelativeTime at={at} /> from {originInWords(event, ip)}
            </p>
          </li>
        ))}
      </ul>
    </section>
  )
}

export default function UserPage() {
  const id = new URLSearchParams(useSearch()).get('id') ?? ''
  const { data: user, error, isPending, refetch } = useUser(id)
  const [operation, setOperation] = useState<Operation>()
  return (
    <AdminPage title={user?.email ?? 'User'} intro={<Link href="/users">All users</Link>}>
      <div className="account-body">
        {isPending && <Skeleton rows={5} label="Loading the user" />}
        {error && !user && <ErrorState what="The user" error={error} retry={() => void refetch()} />}
        {user && (
          <>
            <Facts user={user} />
            <section aria-label="What you can do" className="row">
              {operationsFor(user).map((one) => (
                <Button key={one.label} className={one.isDangerous ? 'risky' : ''} onClick={() => setOperation(one)}>
                  {one.label}
                </Button>
              ))}
            </section>
            <Sessions user={user} />
            <Events user={user} />
            {operation && <OperationDialog user={user} operation={operation} onClose={() => setOperation(undefined)} />}
          </>
        )}
      </div>
    </AdminPage>
  )
}
