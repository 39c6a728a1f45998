import { cancelEmailChange } from '../api/session.ts'
import { Link } from '../router.tsx'
import { LinkPage } from './LinkPage.tsx'

const ToForgot = () => <Link href="/forgot">Set a new password</Link>

/** Cancels or undoes a change of address, with the link of the mail to the old one. */
export default function CancelPage() {
  return (
    <LinkPage
      title="Cancel the change of address?"
      button={{ label: 'Cancel the change', busyLabel: 'Cancelling…', kind: 'danger' }}
      use={cancelEmailChange}
      results={{
        done: {
          title: 'The change is cancelled',
          children: (
            <>
              <p>
                Your account has its old address, and is signed out on all devices. If it was not you who asked for the
                change, somebody knows your password: set a new one now.
              </p>
              <ToForgot />
            </>
          )
        },
        invalid_token: {
          title: 'This link is no longer valid',
          children: (
            <>
              <p>
                The change was cancelled already, or the link is older than 72 hours. If somebody else can use your
                account, set a new password now.
              </p>
              <ToForgot />
            </>
          )
        }
      }}
    >
      <p>
        Your account keeps its old address, or gets it back, and is signed out on all devices. If it was you who asked
        for the change, leave this page.
      </p>
    </LinkPage>
  )
}
