import type { ManagedUser } from '../api/types.ts'
import { Link } from '../router.tsx'
import { RelativeTime } from '../ui/RelativeTime.tsx'

/** What sets an account apart from others. */
export function UserBadges({ user: { is_active, role, issuer } }: { user: ManagedUser }) {
  return (
    <>
      {!is_active && <span className="badge">Disabled</span>}
      {role === 'admin' && <span className="badge good">Admin</span>}
      {issuer !== null && <span className="badge good">Of {issuer}</span>}
    </>
  )
}

export function UserRow({ user }: { user: ManagedUser }) {
  const { id, email, name, last_sign_in_at, created_at } = user
  return (
    <li className="user-row">
      <h2>
        <Link href={`/user?id=${id}`}>{email}</Link> <UserBadges user={user} />
      </h2>
      <div className="user-facts soft small">
        <p dir="auto">{name}</p>
        <p>
          {last_sign_in_at ? (
            <>
              Signed in <RelativeTime at={last_sign_in_at} />
            </>
          ) : (
            'Never signed in here'
          )}
        </p>
        <p>
          Created <RelativeTime at={created_at} />
        </p>
      </div>
    </li>
  )
}
