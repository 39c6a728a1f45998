import { useState } from 'react'
import { AccountPage } from '../account/AccountPage.tsx'
import type { PersonalToken } from '../api/types.ts'
import { hasTasks } from '../product.ts'
import { ErrorState } from '../ui/ErrorState.tsx'
import { Skeleton } from '../ui/Skeleton.tsx'
import { EndToken } from './EndToken.tsx'
import { MadeToken } from './MadeToken.tsx'
import { offered } from './scopes.ts'
import { TokenForm } from './TokenForm.tsx'
import { TokenRow } from './TokenRow.tsx'
import { followTokens, useTokens } from './useTokens.ts'

const intro = `For programs that use your ${hasTasks ? 'tasks' : 'account'} without your password. They work while you are signed out, and end when you change your password.`

/** The personal access tokens of the account: makes and ends them. */
export default function TokensPage() {
  const { data: tokens, error, isPending, refetch } = useTokens()
  const [made, setMade] = useState<string>()
  const [ended, setEnded] = useState<PersonalToken>()

  if (made)
    return (
      <AccountPage title="Copy your access token" intro="Your access token was created.">
        <MadeToken token={made} onKept={() => setMade(undefined)} />
      </AccountPage>
    )
  return (
    <AccountPage title="Access tokens" intro={intro}>
      <section className="sheet card stack" aria-labelledby="tokens-heading">
        <h2 id="tokens-heading">Your access tokens</h2>
        {isPending && <Skeleton rows={2} label="Loading your access tokens" />}
        {error && !tokens && <ErrorState what="Your access tokens" error={error} retry={() => void refetch()} />}
        {tokens?.length === 0 && (
          <p className="soft">You have none.{offered.length === 0 && ' Programs cannot use your account.'}</p>
        )}
        {tokens && tokens.length > 0 && (
          <ul className="wide" aria-label="Access tokens">
            {tokens.map((token) => (
              <TokenRow key={token.id} token={token} onEnd={() => setEnded(token)} />
            ))}
          </ul>
        )}
      </section>
      {offered.length > 0 && (
        <TokenForm
          onMade={({ token }) => {
            setMade(token)
            void followTokens()
          }}
        />
      )}
      {ended && <EndToken token={ended} onClose={() => setEnded(undefined)} />}
    </AccountPage>
  )
}
