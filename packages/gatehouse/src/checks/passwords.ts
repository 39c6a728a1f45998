import { type Account, callOf } from '../accounts.ts'
import type { Answer } from '../client.ts'
import { at } from '../profiles.ts'
import { type Run, shown } from '../run.ts'

/** An answer without ids and times, to compare it. */
export const withoutNoise = ({ status, text }: Pick<Answer, 'status' | 'text'>, email: string) =>
  `${status} ${text.replaceAll(email, '').replace(/"(request_?id|req_?id|trace_?id|instance|timestamp)":\s*"[^"]{0,200}"/gi, '')}`

/** What signing up and in takes (OWASP ASVS 5.0, 6.2 and 6.3). */
export async function passwords(run: Run): Promise<void> {
  const { ask, profile, ledger, accounts, a } = run
  const { signUp, signIn } = profile

  /** Signs up with a password. What it makes is deleted again. */
  async function tryToSignUp(password: string, more: object = {}) {
    const account = { label: 'C', email: accounts.address(), password, isOurs: true }
    const request = callOf({ method: 'POST', ...signUp, path: signUp?.path ?? '' }, account)
    const sent = { ...request, body: { ...Object(request.body), ...more } }
    const answer = await ask(sent)
    const made =
      answer.status < 300 ? (accounts.accept(answer, account) ?? (await accounts.signIn(account))) : undefined
    if (made) accounts.keep(made as Account)
    return { request: sent, answer }
  }

  if (signUp && !profile.accounts) {
    for (const password of ['password1', 'Password1!', 'qwerty123']) {
      const { request, answer } = await tryToSignUp(password)
      ledger.expect('passwords.common', answer.status >= 400, () =>
        shown(request, answer, `the password ${password} is accepted`)
      )
    }
    const long = `${accounts.secret()}${accounts.secret()}${accounts.secret()}`.slice(0, 64)
    const { request, answer } = await tryToSignUp(long)
    ledger.expect('passwords.long', answer.status < 300, () => shown(request, answer, '64 characters'))
    for (const more of [
      { role: 'admin' },
      { is_admin: true, isAdmin: true },
      { email_verified: true, emailVerified: true }
    ]) {
      const { request, answer } = await tryToSignUp(accounts.secret(), more)
      const user = { ...Object(answer.json), ...Object(at(answer.json, 'user')) }
      const taken = Object.entries(more).find(([name, value]) => user[name] === value)
      ledger.expect('isolation.assignment', answer.status >= 300 || !taken, () =>
        shown(request, answer, `${taken?.[0]} is set as the client asked`)
      )
    }
  }
  if (!signIn) return
  const wrong = (email: string) => ask(callOf({ method: 'POST', ...signIn }, { email, password: accounts.secret() }))
  const nobody = accounts.address()
  const [known, unknown] = [await wrong(a.email), await wrong(nobody)]
  ledger.expect('passwords.answer', withoutNoise(known, a.email) === withoutNoise(unknown, nobody), () =>
    shown({ method: 'POST', path: signIn.path }, known, `${unknown.status} for an address without an account`)
  )
}
