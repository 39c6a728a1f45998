import type { Answer, Ask } from '../client.ts'
import { type Run, shown } from '../run.ts'

const isPage = ({ headers }: Answer) => /text\/html/.test(headers['content-type'] ?? '')

/** Checks the headers of answers of each kind (OWASP ASVS 5.0, 3.4). */
export async function headers({ ask, profile, ledger, a }: Run): Promise<void> {
  const requests: [Ask, string, boolean][] = [
    [{ ...profile.me, as: a }, 'signed in', true],
    [profile.me, 'without a token', false],
    [{ path: '/gatehouse-prove-nothing-here' }, 'an unknown path', false],
    ...(profile.signIn
      ? [[{ ...profile.signIn, method: 'POST', body: '{' }, 'broken JSON', false] as [Ask, string, boolean]]
      : []),
    ...(profile.pages ?? ['/']).map((path): [Ask, string, boolean] => [
      { path, headers: { accept: 'text/html' } },
      'a page',
      false
    ])
  ]
  for (const [request, what, isPersonal] of requests) {
    let answer = await ask(request)
    const { location } = answer.headers
    // A page may be at its path with a slash.
    if (answer.status >= 300 && answer.status < 400 && location?.startsWith('/') && !location.startsWith('//'))
      answer = await ask({ ...request, path: location })
    const { headers } = answer
    const at = (name: string) => `${shown(request, answer, what)}: ${name} is ${headers[name] ?? 'missing'}`
    ledger.expect('headers.nosniff', /^nosniff$/i.test(String(headers['x-content-type-options'])), () =>
      at('x-content-type-options')
    )
    if (answer.text !== '') {
      const type = headers['content-type'] ?? ''
      const isRight = /json/.test(type)
        ? answer.json !== undefined
        : /;\s*charset=/i.test(type) || !/^text\//.test(type)
      ledger.expect('headers.type', type !== '' && isRight, () => at('content-type'))
    }
    const software = ['server', 'x-powered-by', 'x-aspnet-version', 'x-generator']
    const named = software.find((name) => /\d|express|php|asp\.net|next\.js/i.test(String(headers[name] ?? '')))
    ledger.expect('headers.version', named === undefined, () => at(named ?? ''))
    if (isPersonal)
      ledger.expect('headers.cache', /no-store/.test(headers['cache-control'] ?? ''), () => at('cache-control'))
    if (!isPage(answer)) continue
    const policy = String(headers['content-security-policy'] ?? '')
    ledger.expect(
      'headers.csp',
      /(default|script)-src/.test(policy) && !/script-src[^;]*'unsafe-inline'(?![^;]*('nonce-|'sha))/.test(policy),
      () => at('content-security-policy')
    )
    ledger.expect(
      'headers.framing',
      /frame-ancestors/.test(policy) || /^(deny|sameorigin)$/i.test(String(headers['x-frame-options'])),
      () => at('x-frame-options')
    )
    ledger.expect('headers.referrer', headers['referrer-policy'] !== undefined, () => at('referrer-policy'))
  }
  const { signIn } = profile
  if (signIn)
    ledger.expect(
      'headers.cache',
      /no-store/.test(a.cacheControl),
      () => `POST ${signIn.path}: cache-control is ${a.cacheControl || 'missing'}`
    )
  const evil = 'gatehouse-prove.invalid'
  const forged = { 'x-forwarded-host': evil, 'x-forwarded-server': evil, 'x-host': evil, forwarded: `host=${evil}` }
  for (const path of [
    ...(profile.pages ?? ['/']),
    profile.metadata,
    profile.openapi,
    '/gatehouse-prove-nothing-here',
    profile.me.path
  ]) {
    if (!path) continue
    const answer = await ask({ path, headers: forged })
    const all = `${JSON.stringify(answer.headers)} ${answer.text}`
    ledger.expect('headers.forwarded', !all.includes(evil), () =>
      shown({ path }, answer, `X-Forwarded-Host: ${evil} is in the answer`)
    )
  }
}
