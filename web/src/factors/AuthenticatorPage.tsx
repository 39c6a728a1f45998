import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { AccountPage } from '../account/AccountPage.tsx'
import { setUpTotp } from '../api/factors.ts'
import { problemCode } from '../api/problem.ts'
import { Link, useLocation } from '../router.tsx'
import { ErrorState } from '../ui/ErrorState.tsx'
import { Skeleton } from '../ui/Skeleton.tsx'
import { RecoveryCodes } from './RecoveryCodes.tsx'
import { TotpForm } from './TotpForm.tsx'

/** A secret that this page has asked for stays the same as long as the page is open, and is not kept afterwards. */
const once = { staleTime: Number.POSITIVE_INFINITY, gcTime: 0 }

/** Sets up an authenticator app: its secret, the first code, and then the recovery codes. */
export default function AuthenticatorPage() {
  const [, navigate] = useLocation()
  const [codes, setCodes] = useState<readonly string[]>()
  const { data, error, isFetching, refetch, dataUpdatedAt } = useQuery({
    queryKey: ['totp'],
    queryFn: setUpTotp,
    enabled: codes === undefined,
    ...once
  })

  if (codes)
    return (
      <AccountPage title="Keep your recovery codes" intro="Your authenticator app is on.">
        <RecoveryCodes codes={codes} onKept={() => navigate('/security')} />
      </AccountPage>
    )
  return (
    <AccountPage
      title="Set up an authenticator app"
      intro="After your password you then enter a code that the app shows, so that a stolen password alone opens nothing."
    >
      {(isFetching || !(data || error)) && (
        <div className="sheet">
          <Skeleton rows={3} label="Loading a new key" />
        </div>
      )}
      {error && !isFetching && (
        <div className="sheet">
          {problemCode(error) === 'second_factor_on' ? (
            <p className="card">
              An authenticator app is on already. <Link href="/security">Back to security</Link>
            </p>
          ) : (
            <ErrorState what="A new key" error={error} retry={() => void refetch()} />
          )}
        </div>
      )}
      {data && !isFetching && (
        <TotpForm {...data} madeAt={dataUpdatedAt} onConfirmed={setCodes} onStartAgain={() => void refetch()} />
      )}
    </AccountPage>
  )
}
