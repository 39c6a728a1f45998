import { opens, type Run, shown } from '../run.ts'

/** A Set-Cookie line as its name and attributes. */
function parse(line: string) {
  const [pair = '', ...attributes] = line.split(';').map((part) => part.trim())
  const find = (name: string) => attributes.find((each) => each.toLowerCase().split('=')[0] === name)
  return { name: pair.split('=')[0] ?? '', sameSite: find('samesite')?.split('=')[1]?.toLowerCase(), find }
}

/** Checks the cookies of the sign-in (OWASP ASVS 5.0, 3.3). */
export async function cookies({ ask, client, profile, ledger, a }: Run): Promise<void> {
  const parsed = a.cookies.filter((line) => !/max-age=0\b/i.test(line)).map(parse)
  for (const { name, sameSite, find } of parsed) {
    ledger.expect('cookies.httpOnly', find('httponly') !== undefined, () => `${name} is not HttpOnly`)
    ledger.expect(
      'cookies.sameSite',
      sameSite === 'lax' || sameSite === 'strict',
      () => `${name} has SameSite ${sameSite ?? 'missing'}`
    )
    ledger.expect('cookies.domain', find('domain') === undefined, () => `${name} has ${find('domain')}`)
    if (client.isTls) {
      ledger.expect('cookies.secure', find('secure') !== undefined, () => `${name} is not Secure`)
      ledger.expect('cookies.prefix', /^__(Host|Secure)-/.test(name), () => `${name} has neither prefix`)
    }
  }
  if (!client.isTls) ledger.note('cookies.secure', 'not over http')
  if (!('cookies' in profile.credential)) return
  // Browsers send a cookie with SameSite Lax or Strict to no request of another site that changes something.
  const isSent = parsed.some(({ sameSite }) => sameSite === 'none')
  const { origin, ...mine } = a.headers
  const request = {
    ...profile.me,
    headers: { ...mine, origin: 'https://gatehouse-prove.invalid', 'sec-fetch-site': 'cross-site' }
  }
  const answer = await ask(request)
  const readable = answer.headers['access-control-allow-origin'] === 'https://gatehouse-prove.invalid'
  ledger.expect('cookies.csrf', !(isSent && readable && opens(profile, answer)), () =>
    shown(request, answer, 'from another site')
  )
}
