import { type Run, shown } from '../run.ts'

/** Asks as pages of other origins (OWASP ASVS 5.0, 3.4.2). */
export async function cors({ ask, client, profile, ledger, a }: Run): Promise<void> {
  const { host, protocol } = client.base
  const origins = [
    'https://gatehouse-prove.invalid',
    'null',
    `${protocol}//${host}.gatehouse-prove.invalid`,
    `${protocol}//gatehouse-prove.${host}`,
    `${protocol}//gatehouse-prove-${host}`,
    'file://',
    'chrome-extension://gatehouse-prove'
  ]
  const { origin: _, ...mine } = a.headers
  const paths = [profile.me.path, profile.signIn?.path ?? '/', '/gatehouse-prove-nothing-here']
  for (const origin of origins)
    for (const path of paths) {
      const preflight = {
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization, content-type'
      }
      const requests = [
        { path, headers: { ...mine, origin } },
        { method: 'OPTIONS', path, headers: { origin, ...preflight } }
      ]
      for (const request of requests) {
        const answer = await ask(request)
        const allowed = answer.headers['access-control-allow-origin']
        const withCredentials = answer.headers['access-control-allow-credentials'] === 'true'
        const what = `Origin: ${origin} gets Access-Control-Allow-Origin: ${allowed}${withCredentials ? ' with credentials' : ''}`
        ledger.expect('cors.reflection', !(allowed !== undefined && withCredentials), () =>
          shown(request, answer, what)
        )
        if (!withCredentials)
          ledger.expect('cors.any', allowed === undefined || !(allowed === '*' || allowed === origin), () =>
            shown(request, answer, what)
          )
      }
    }
}
