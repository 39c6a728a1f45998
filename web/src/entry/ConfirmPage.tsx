import { confirmEmail } from '../api/session.ts'
import { LinkPage } from './LinkPage.tsx'
import { ToProfile } from './ToProfile.tsx'

/** Changes the address of an account with the link of the mail to the new one. */
export default function ConfirmPage() {
  return (
    <LinkPage
      title="Confirm your new email address"
      button={{ label: 'Change address', busyLabel: 'Changing…' }}
      use={(token) => confirmEmail({ token })}
      results={{
        done: {
          title: 'Your email address is changed',
          children: (
            <>
              <p>From now on, sign in with the new address.</p>
              <ToProfile>Go to your profile</ToProfile>
            </>
          )
        },
        invalid_token: {
          title: 'This link is no longer valid',
          children: (
            <>
              <p>It was used, replaced by a newer one, cancelled, or is older than 24 hours.</p>
              <ToProfile>See the address of your account</ToProfile>
            </>
          )
        },
        email_taken: {
          title: 'This address has another account',
          children: (
            <>
              <p>Your account keeps its address. Choose another one, or sign in to the other account.</p>
              <ToProfile>Go to your profile</ToProfile>
            </>
          )
        }
      }}
    >
      <p>Press the button to use this address for your account from now on, also to sign in.</p>
    </LinkPage>
  )
}
