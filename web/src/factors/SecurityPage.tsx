import { AccountPage } from '../account/AccountPage.tsx'
import { ErrorState } from '../ui/ErrorState.tsx'
import { Skeleton } from '../ui/Skeleton.tsx'
import { OneWayWarning } from './OneWayWarning.tsx'
import { RecoverySection } from './RecoverySection.tsx'
import { TotpSection } from './TotpSection.tsx'
import { useFactors } from './useFactors.ts'

/** How the user signs in. */
export default function SecurityPage() {
  const factors = useFactors()
  return (
    <AccountPage title="Security" intro="How you sign in, and how you get back in when you have lost something.">
      {factors.data ? (
        <>
          <OneWayWarning factors={factors.data} />
          <TotpSection {...factors.data} />
          <RecoverySection {...factors.data} />
        </>
      ) : (
        <div className="sheet">
          {factors.error ? (
            <ErrorState what="Your ways to sign in" error={factors.error} retry={() => void factors.refetch()} />
          ) : (
            <Skeleton rows={3} label="Loading your ways to sign in" />
          )}
        </div>
      )}
    </AccountPage>
  )
}
