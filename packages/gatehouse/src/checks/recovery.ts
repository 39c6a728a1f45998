import { callOf } from '../accounts.ts'
import { type Run, shown } from '../run.ts'
import { withoutNoise } from './passwords.ts'

/** Asks for reset mails, as far as their answers show something (OWASP ASVS 5.0, 6.4.3). */
export async function recovery({ ask, profile, ledger, accounts, a, b }: Run): Promise<void> {
  const { forgot } = profile
  if (!forgot) return
  const sent = (email: string) => callOf({ method: 'POST', ...forgot }, { email })
  const nobody = accounts.address()
  const [known, unknown] = [await ask(sent(a.email)), await ask(sent(nobody))]
  if ([404, 501, 503].includes(known.status))
    return ledger.note('recovery.known', `${forgot.path} answers ${known.status}: no mail is configured`)
  ledger.expect('recovery.known', withoutNoise(known, a.email) === withoutNoise(unknown, nobody), () =>
    shown(sent(a.email), known, `${unknown.status} for an address without an account`)
  )
  const evil = 'gatehouse-prove.invalid'
  const forgeries: Record<string, Record<string, string>> = {
    Host: { host: evil },
    'X-Forwarded-Host': { 'x-forwarded-host': evil },
    Forwarded: { forwarded: `host=${evil};proto=https` },
    Origin: { origin: `https://${evil}` },
    Referer: { referer: `https://${evil}/` }
  }
  for (const [name, headers] of Object.entries(forgeries)) {
    const answer = await ask({ ...sent(b.email), headers })
    const all = `${JSON.stringify(answer.headers)} ${answer.text}`
    ledger.expect('recovery.host', !all.includes(evil), () =>
      shown(sent(b.email), answer, `${name}: ${evil} is in the answer`)
    )
  }
  ledger.note('recovery.host', 'the mail itself is not seen: check that its link has the configured host')
}
