import { type Account, callOf } from '../accounts.ts'
import type { Call } from '../profiles.ts'
import { opens, type Run, shown } from '../run.ts'

/**
 * Refreshes twice, and then again with the first token: the token before the last is refused even where the last one may be repeated
 * for a moment, because its answer was lost. The session must end with it (RFC 9700, section 4.14.2).
 */
async function rotation({ ask, ledger, accounts, b }: Run, refresh: Call): Promise<void> {
  const request = (account: Partial<Account>) => callOf({ method: 'POST', ...refresh }, account)
  const renew = async (account: Account) => accounts.accept(await ask(request(account)), account)
  const first = await accounts.signIn(b)
  if (!first?.refreshToken) return ledger.note('sessions.rotation', 'the sign-in gives no refresh token')
  const second = await renew(first)
  if (!second) return ledger.note('sessions.rotation', `${refresh.path} gives no credentials`)
  const isNew = second.refreshToken !== undefined && second.refreshToken !== first.refreshToken
  ledger.expect('sessions.rotation', isNew, () => `POST ${refresh.path}: the refresh token is the one that was sent`)
  const third = isNew ? await renew(second) : undefined
  if (!third) return
  const again = await ask(request(first))
  const isRefused = ledger.expect('sessions.reuse', again.status >= 400, () =>
    shown(request(first), again, 'with a token that was replaced twice')
  )
  if (!isRefused || third.refreshToken === undefined) return
  const last = await ask(request(third))
  ledger.expect('sessions.theft', last.status >= 400, () =>
    shown(request(third), last, 'with the newest token, after an older one was used again')
  )
}

/** What ends when a session or an account ends (OWASP ASVS 5.0, 7.2 and 7.4). */
export async function sessions(run: Run): Promise<void> {
  const { ask, profile, ledger, accounts, b } = run
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
  if (refresh && profile.refreshToken) await rotation(run, refresh)
  if (!b.isOurs || !profile.deleteAccount) return
  const email = await accounts.remove(b)
  if (email !== undefined) return ledger.note('sessions.deleted', 'account B could not be deleted')
  accounts.forget(b)
  const after = await ask({ ...me, as: first })
  ledger.expect('sessions.deleted', !opens(profile, after), () => shown(me, after, 'after the account was deleted'))
}
