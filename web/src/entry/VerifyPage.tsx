import { useSession, verifyEmail } from '../api/session.ts'
import { hasTasks } from '../product.ts'
import { Link } from '../router.tsx'
import { LinkPage } from './LinkPage.tsx'
import { ToProfile } from './ToProfile.tsx'

function ToStart() {
  const { user } = useSession()
  return user ? <Link href="/">Go to your {hasTasks ? 'tasks' : 'account'}</Link> : <Link href="/login">Sign in</Link>
}

/** Confirms an email address with the link of a mail. */
export default function VerifyPage() {
  return (
    <LinkPage
      title="Confirm your email address"
      button={{ label: 'Confirm address', busyLabel: 'Confirming…' }}
      use={(token) => verifyEmail({ token })}
      results={{
        done: { title: 'Your address is confirmed', children: <ToStart /> },
        invalid_token: {
          title: 'This link is no longer valid',
          children: (
            <>
              <p>
                It was used, replaced by a newer one, or is older than 24 hours. If you used it, your address is
                confirmed.
              </p>
              <ToProfile>See the state of your address</ToProfile>
            </>
          )
        }
      }}
    >
      <p>Press the button if you used this address for an account here.</p>
    </LinkPage>
  )
}
