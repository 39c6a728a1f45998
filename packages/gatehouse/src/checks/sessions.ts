import { type Account, callOf } from '../accounts.ts'
import { opens, type Run, shown } from '../run.ts'

/** What ends when a session or an account ends (OWASP ASVS 5.0, 7.2 and 7.4). */
export async function sessions({ ask, profile, ledger, accounts, b }: Run): Promise<void> {
  const { me, signOut, signIn, refresh } = profile
  if (!signIn) return
  const { cookie } = b.headers
  const first = await accounts.signIn(b)
  // A stranger could have placed the cookies that come with this sign-in.
  const second = await accounts.signIn(b, cookie === undefined ? {} : { headers: { ...(first?.headers ?? {}) } })
  if (!first || !second) return ledger.note('sessions.new', 'account B could not sign in again')
  const credential = (account: Account) => account.token ?? account.headers.cookie
  ledger.expect(
    'sessions.new',
    credential(first) !== credential(second),
    () => `POST ${signIn.path}: the same token as of the sign-in before`
  )
  if (signOut) {
    const request = callOf({ method: 'POST', ...signOut }, second)
    const answer = await ask({ ...request, as: second })
    if (answer.status >= 400) ledger.note('sessions.signOut', shown(request, answer, 'signing out fails'))
    const after = await ask({ ...me, as: second })
    ledger.expect('sessions.signOut', !opens(profile, after), () => shown(me, after, 'after signing out'))
    if (refresh && second.refreshToken) {
      const request = callOf({ method: 'POST', ...refresh }, second)
      const answer = await ask(request)
      ledger.expect('sessions.refresh', answer.status >= 400, () => shown(request, answer, 'after signing out'))
    }
  }
  if (!b.isOurs || !profile.deleteAccount) return
  const email = await accounts.remove(b)
  if (email !== undefined) return ledger.note('sessions.deleted', 'account B could not be deleted')
  accounts.forget(b)
  const after = await ask({ ...me, as: first })
  ledger.expect('sessions.deleted', !opens(profile, after), () => shown(me, after, 'after the account was deleted'))
}
