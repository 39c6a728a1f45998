import { useQuery } from '@tanstack/react-query'
import { getProfile } from '../api/account.ts'
import { useSession } from '../api/session.ts'
import { OneWayWarning } from '../factors/OneWayWarning.tsx'
import { useFactors } from '../factors/useFactors.ts'
import { hasTasks } from '../product.ts'
import { Link } from '../router.tsx'
import { ErrorState } from '../ui/ErrorState.tsx'
import { Skeleton } from '../ui/Skeleton.tsx'
import { exactTime } from '../ui/time.ts'
import { AccountPage } from './AccountPage.tsx'
import { EmailForm } from './EmailForm.tsx'
import { ExportData } from './ExportData.tsx'
import { NameForm } from './NameForm.tsx'
import { profileKey } from './profile-key.ts'
import { VerifyForm } from './VerifyForm.tsx'

const AddressState = ({ isVerified }: { isVerified: boolean }) =>
  isVerified ? <span className="badge good">Confirmed</span> : <span className="badge">Not confirmed</span>

export default function ProfilePage() {
  const { data, error, refetch } = useQuery({ queryKey: profileKey, queryFn: ({ signal }) => getProfile(signal) })
  const { user: known } = useSession()
  // Another tab may have heard of a change since.
  const newest = data && known && known.updated_at > data.updated_at ? known : data
  const factors = useFactors()
  // Together, so that nothing moves when the warning appears.
  const user = factors.isPending ? undefined : newest
  return (
    <AccountPage title="Profile">
      <section className="sheet card" aria-label="Your account">
        {!user && !error && <Skeleton rows={3} label="Loading your profile" />}
        {!user && error && <ErrorState what="Your profile" error={error} retry={() => void refetch()} />}
        {user && (
          <dl className="facts">
            <dt>Email</dt>
            <dd>
              {user.email} <AddressState isVerified={user.email_verified} />
            </dd>
            <dt>Member since</dt>
            <dd>{exactTime(user.created_at)}</dd>
            <dt>Last changed</dt>
            <dd>{exactTime(user.updated_at)}</dd>
          </dl>
        )}
      </section>
      {user && factors.data && <OneWayWarning factors={factors.data} />}
      {user && !user.email_verified && <VerifyForm email={user.email} />}
      {user && <NameForm user={user} />}
      {user && <EmailForm user={user} />}
      {user && <ExportData />}
      {(user || error) && (
        <section className="apart" aria-labelledby="delete-heading">
          <div>
            <h2 id="delete-heading">Delete account</h2>
            <p className="soft">
              Your account and {hasTasks ? 'all your tasks' : 'everything in it'} are deleted for good.
            </p>
          </div>
          <Link href="/delete-account" className="button risky">
            Delete account
          </Link>
        </section>
      )}
    </AccountPage>
  )
}
