import type { Factors } from '../api/types.ts'
import { Link } from '../router.tsx'

/** Fewer codes than this are worth new ones. */
const few = 3

/** How many recovery codes are left. There are none without a second factor. */
export function RecoverySection({ totp, passkeys, recovery_codes: left }: Factors) {
  if (!totp && passkeys === 0) return null
  return (
    <section className="sheet card stack" aria-labelledby="recovery-heading">
      <h2 id="recovery-heading">
        Recovery codes <span className={left < few ? 'badge' : 'badge good'}>{left} left</span>
      </h2>
      <p>
        With a recovery code you can sign in without your phone or your passkey.
        {left < few && ' Make new ones before you need them.'}
      </p>
      <Link href="/recovery-codes" className="button plain">
        Make new codes
      </Link>
    </section>
  )
}
