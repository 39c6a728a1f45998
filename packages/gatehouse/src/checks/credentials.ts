import type { Ask } from '../client.ts'
import { opens, type Run, shown } from '../run.ts'

/** Tries a token everywhere but where it belongs (RFC 6750, section 2; OWASP ASVS 5.0, 14.2.1). */
export async function credentials({ ask, profile, ledger, a, b }: Run): Promise<void> {
  const { me } = profile
  const { token } = a
  if (token === undefined) {
    ledger.note('credentials.forms', 'the deployment authenticates by cookies')
    return
  }
  const right = `Bearer ${token}`
  const scheme = { ...me, headers: { authorization: `bearer ${token}` } }
  const lower = await ask(scheme)
  ledger.expect('credentials.scheme', opens(profile, lower), () => shown(scheme, lower, 'the scheme in lower case'))

  const twice: Record<string, string[]> = {
    'the right one first': [right, 'Bearer x'],
    'the right one last': ['Bearer x', right],
    'two accounts': [right, `Bearer ${b.token}`]
  }
  for (const [name, authorization] of Object.entries(twice)) {
    const request = { ...me, headers: { authorization } }
    const answer = await ask(request)
    ledger.expect('credentials.twoHeaders', !opens(profile, answer), () => shown(request, answer, name))
  }

  const cookie = (name: string) => ({ cookie: `${name}=${token}` })
  const forms: Record<string, Ask['headers']> = {
    'no scheme': { authorization: token },
    Basic: { authorization: `Basic ${token}` },
    Token: { authorization: `Token ${token}` },
    JWT: { authorization: `JWT ${token}` },
    'Bearer:': { authorization: `Bearer: ${token}` },
    'Bearer=': { authorization: `Bearer=${token}` },
    'no space': { authorization: `Bearer${token}` },
    'a word before the token': { authorization: `Bearer x ${token}` },
    'a word after the token': { authorization: `${right} x` },
    'a list': { authorization: `${right}, Bearer x` },
    'a list of schemes': { authorization: `Basic eDp4, ${right}` },
    'in quotes': { authorization: `Bearer "${token}"` },
    'as a parameter': { authorization: `Bearer token=${token}` },
    'X-Authorization': { 'x-authorization': right },
    'X-Access-Token': { 'x-access-token': token },
    'X-Auth-Token': { 'x-auth-token': token },
    'Proxy-Authorization': { 'proxy-authorization': right },
    'X-Forwarded-Authorization': { 'x-forwarded-authorization': right },
    ...Object.fromEntries(
      ['access_token', 'token', 'jwt', 'authorization', 'session'].map((name) => [`cookie ${name}`, cookie(name)])
    )
  }
  for (const [name, headers] of Object.entries(forms)) {
    const request = { ...me, headers: headers ?? {} }
    const answer = await ask(request)
    ledger.expect('credentials.forms', !opens(profile, answer), () => shown(request, answer, name))
  }

  for (const name of ['access_token', 'token', 'auth_token', 'jwt', 'authorization', 'apikey']) {
    const value = name === 'authorization' ? right : token
    const query = `${me.path.includes('?') ? '&' : '?'}${name}=${encodeURIComponent(value)}`
    const answer = await ask({ ...me, path: `${me.path}${query}` })
    ledger.expect('credentials.query', !opens(profile, answer), () => shown(me, answer, `?${name}=`))
  }
}
