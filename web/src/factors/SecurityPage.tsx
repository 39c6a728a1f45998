import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { AccountPage } from '../account/AccountPage.tsx'
import { listPasskeys, passkeysKey } from '../api/passkeys.ts'
import { ErrorState } from '../ui/ErrorState.tsx'
import { Skeleton } from '../ui/Skeleton.tsx'
import { OneWayWarning } from './OneWayWarning.tsx'
import { PasskeySection } from './PasskeySection.tsx'
import { RecoveryCodes } from './RecoveryCodes.tsx'
import { RecoverySection } from './RecoverySection.tsx'
import { TotpSection } from './TotpSection.tsx'
import { useFactors } from './useFactors.ts'

/** How the user signs in. */
export default function SecurityPage() {
  const factors = useFactors()
  const passkeys = useQuery({ queryKey: passkeysKey, queryFn: ({ signal }) => listPasskeys(signal) })
  const [codes, setCodes] = useState<readonly string[]>()
  const error = factors.error ?? passkeys.error

  function retry() {
    void factors.refetch()
    void passkeys.refetch()
  }

  if (codes)
    return (
      <AccountPage title="Keep your recovery codes" intro="Your passkey was added.">
        <RecoveryCodes codes={codes} onKept={() => setCodes(undefined)} />
      </AccountPage>
    )
  return (
    <AccountPage title="Security" intro="How you sign in, and how you get back in when you have lost something.">
      {factors.data && passkeys.data ? (
        <>
          <OneWayWarning factors={factors.data} />
          <PasskeySection passkeys={passkeys.data} totp={factors.data.totp} onCodes={setCodes} />
          <TotpSection {...factors.data} />
          <RecoverySection {...factors.data} />
        </>
      ) : (
        <div className="sheet">
          {error ? (
            <ErrorState what="Your ways to sign in" error={error} retry={retry} />
          ) : (
            <Skeleton rows={3} label="Loading your ways to sign in" />
          )}
        </div>
      )}
    </AccountPage>
  )
}
