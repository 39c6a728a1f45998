import { segment } from '../hostile/signing.ts'
import { opens, type Run, shown, urlOf } from '../run.ts'

/** Spellings of a path that routers and proxies may read differently. */
const spellings = (path: string) => [
  `${path}/`,
  `/${path}`,
  `${path}/.`,
  `${path}?`,
  `${path}%20`,
  `${path}%00`,
  `${path}.json`,
  `${path};a=b`,
  `${path}%2f`,
  path.replace(/^\//, '/./'),
  path.replace(/^\//, '/x/../'),
  path.replace(/\/([^/]*)$/, '//$1'),
  path.replace(/\/([^/]*)$/, '/%2e/$1'),
  path.toUpperCase(),
  path.replace(/[a-z](?=[^a-z]*$)/, (letter) => `%${letter.charCodeAt(0).toString(16)}`)
]

/** Calls each operation without an account (OWASP ASVS 5.0, 8.2.1). */
export async function protectedRoutes({ ask, profile, ledger, operations }: Run): Promise<void> {
  const unsigned = `${segment({ alg: 'none' })}.${segment({ sub: '1', exp: 4_102_444_800 })}.`
  const isMe = ({ path }: { path: string }) => path === profile.me.path
  const closed = operations.filter(
    (operation) => operation.isProtected && !(isMe(operation) && profile.anonymous !== undefined)
  )
  if (closed.length === 0)
    ledger.note('protected.open', 'the OpenAPI document says of no operation that it needs credentials')
  for (const operation of closed) {
    const { method, path } = operation
    const hasId = path.includes('{')
    // Were it open, this would delete more than what the run has made.
    if (method === 'DELETE' && !hasId) {
      ledger.note('protected.open', `DELETE ${path} is left alone`)
      continue
    }
    const request = { method, path: urlOf(operation) }
    // Without an id a right body could change something.
    const body = method === 'GET' ? {} : { body: hasId ? {} : '{' }
    const attempts = { '': {}, 'an unsigned token': { headers: { authorization: `Bearer ${unsigned}` } } }
    for (const [what, more] of Object.entries(attempts)) {
      const answer = await ask({ ...request, ...body, ...more })
      const isOpen = answer.status < 300
      ledger.expect('protected.open', !isOpen, () => shown(request, answer, what))
      if (!isOpen) ledger.expect('protected.first', answer.status === 401, () => shown(request, answer, what))
    }
    if (method === 'GET') {
      const answer = await ask({ ...request, method: 'HEAD' })
      ledger.expect('protected.open', answer.status >= 300, () => shown({ ...request, method: 'HEAD' }, answer))
    }
  }

  const { me } = profile
  const others = [
    ...spellings(me.path).map((path) => ({ ...me, path })),
    { ...me, path: '/', headers: { 'x-original-url': me.path, 'x-rewrite-url': me.path } },
    { ...me, headers: { 'x-original-url': '/', 'x-rewrite-url': '/health', 'x-forwarded-uri': '/' } },
    { ...me, headers: { 'x-http-method-override': 'OPTIONS' } },
    { ...me, headers: { 'x-forwarded-for': '127.0.0.1', 'x-real-ip': '127.0.0.1', forwarded: 'for=127.0.0.1' } }
  ]
  // What a page that every path gets answers, such as that of a single-page app.
  const page = await ask({ path: '/' })
  for (const request of others) {
    const answer = await ask(request)
    const isPage = answer.text === page.text || /html/.test(answer.headers['content-type'] ?? '')
    ledger.expect('protected.paths', !opens(profile, answer) || isPage, () => shown(request, answer))
  }
}
