import type { Answer, Ask } from '../client.ts'
import { exampleOf, type Operation } from '../openapi.ts'
import { discard, type Run, shown, urlOf } from '../run.ts'

/** What an error must not contain. Repetitions are bounded, because the texts are those of a stranger. */
const leaks: Record<string, RegExp> = {
  'a stack trace':
    /\bat [\w.<>[\] ]{1,200} \(?(?:file:|node:|\/|[A-Z]:\\)[^)\n]{1,300}:\d+:\d+|Traceback \(most recent call last\)/,
  'a path of the server':
    /node_modules\/|\/(?:home|usr|var|app|srv|root|opt)\/[\w.-]{1,100}\/[\w./-]{1,200}\.(?:js|ts|mjs|py|rb|php|go)\b/,
  SQL: /\b(?:select\s.{1,200}\sfrom\s|insert into\s|update\s\S{1,100}\sset\s|delete from\s)|duplicate key value|violates \w{1,30} constraint|syntax error at or near/i,
  'an error of the database': /\bER_[A-Z]{1,30}_[A-Z]|\bSQLITE_[A-Z]+|\bORA-\d{5}/,
  'an address inside':
    /\b(?:ECONNREFUSED|ENOTFOUND|ETIMEDOUT)\b|\b(?:10|192\.168|172\.(?:1[6-9]|2\d|3[01]))(?:\.\d{1,3}){2,3}:\d+/,
  'an exception of the language': /\b(?:TypeError|ReferenceError|RangeError|SyntaxError|NullPointerException|panic):/
}

/** Bodies that no operation can want. */
const bodies: Record<string, Pick<Ask, 'body' | 'headers'>> = {
  'broken JSON': { body: '{"a":' },
  'an empty body': { body: '' },
  'a text': { body: '"text"' },
  'a list': { body: '[]' },
  null: { body: 'null' },
  'a number': { body: '1e400' },
  'deep nesting': { body: `${'['.repeat(5000)}${']'.repeat(5000)}` },
  'a prototype': { body: '{"__proto__":{"isAdmin":true},"constructor":{"prototype":{"isAdmin":true}}}' },
  'not UTF-8': { body: Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]) },
  'a form': { body: 'a=1&b=2', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
  XML: {
    body: '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
    headers: { 'content-type': 'application/xml' }
  },
  'an unknown type': { body: '{}', headers: { 'content-type': 'x/y; charset=z' } },
  'no type': { body: '{}', headers: { 'content-type': '' } }
}

/** Values in place of a text. */
const values: Record<string, unknown> = {
  'a number': 5,
  'a list': ['a'],
  'an object': { $ne: null },
  true: true,
  null: null,
  'U+0000': 'a\0b',
  'a lone surrogate': 'a\ud800b',
  SQL: "' or 1=1 --",
  'a long text': 'x'.repeat(100_000)
}

const queries = [
  '?limit=-1',
  '?limit=1e9',
  '?limit=99999999999999999999',
  '?limit[]=1&limit[$gt]=',
  '?page=0&offset=-1',
  '?cursor=%00',
  '?cursor=AAAA',
  '?sort=;drop%20table&order=x',
  '?q=%ff',
  '?q=%ED%A0%80',
  '?__proto__[a]=1',
  `?q=${'x'.repeat(5000)}`
]

const segments = [
  '%00',
  '%ff',
  '%c0%ae%c0%ae',
  '..%2f..%2fetc%2fpasswd',
  '-1',
  '0',
  '99999999999999999999',
  '%27%20or%201=1--',
  'x'.repeat(3000),
  '{}',
  '*',
  'null',
  '1e3'
]

/** Operations that end the session or the account of the run. */
const isEnding = ({ path }: Operation) => /(log|sign)-?out|delete|deactivate|close|revoke|disable|end-/i.test(path)

/** Sends hostile input (OWASP ASVS 5.0, 2.2.1 and 16.5). */
export async function errors(run: Run): Promise<void> {
  const { ask, profile, ledger, operations, resolve, a } = run
  let oneFormat: string | undefined

  function judge(request: Ask, answer: Answer, what: string): void {
    const { status, text, headers } = answer
    ledger.expect('errors.server', status < 500 || status === 501, () => shown(request, answer, what))
    if (status < 400) return
    const beginning = text.slice(0, 64 * 1024)
    const found = Object.entries(leaks).find(([, pattern]) => pattern.test(beginning))
    ledger.expect(
      'errors.leaks',
      found === undefined,
      () => `${shown(request, answer, what)}: ${found?.[0]}: ${text.slice(0, 160)}`
    )
    if (request.method === 'HEAD' || text === '') return
    const type = (headers['content-type'] ?? 'none').replace(/;.*/, '')
    oneFormat ??= profile.problems ? 'application/problem+json' : type
    ledger.expect(
      'errors.problem',
      type === oneFormat,
      () => `${shown(request, answer, what)}: ${type}, not ${oneFormat}`
    )
  }

  const requests: [Ask, string, boolean][] = []
  const writing = operations.filter(
    ({ method, body, path }) =>
      body && method !== 'GET' && !path.includes('/admin') && !isEnding({ method, path } as Operation)
  )
  // All kinds of bodies go to a few operations, two kinds to the others.
  for (const [index, operation] of writing.entries()) {
    const request = { method: operation.method, path: urlOf(operation), as: operation.isProtected ? a : undefined }
    for (const [name, body] of Object.entries(bodies).slice(0, index < 4 ? undefined : 2))
      requests.push([{ ...request, ...body }, name, true])
    const right = exampleOf(operation.body, resolve)
    if (index >= 4 || typeof right !== 'object' || right === null) continue
    for (const member of Object.keys(right).slice(0, 3))
      for (const [name, value] of Object.entries(values))
        requests.push([
          { ...request, body: { ...right, [member]: value } },
          `${member} is ${name}`,
          typeof value !== 'string' && value !== null
        ])
  }
  const reading = operations.filter(({ method, path }) => method === 'GET' && !path.includes('/admin'))
  for (const { path, isProtected } of reading.filter(({ path }) => !path.includes('{')).slice(0, 6))
    for (const query of queries)
      requests.push([{ path: `${path}${query}`, as: isProtected ? a : undefined }, 'a query', false])
  for (const operation of operations
    .filter(({ method, path }) => method === 'GET' && path.includes('{') && !path.includes('/admin'))
    .slice(0, 3))
    for (const segment of segments)
      requests.push([
        { path: operation.path.replace(/\{[^}]+\}/g, segment), as: operation.isProtected ? a : undefined },
        'a path',
        false
      ])
  for (const path of [
    '/gatehouse-prove-nothing-here',
    '/%ff',
    '/%',
    '/..%2f..%2fetc%2fpasswd',
    '/.git/config',
    '/.env'
  ])
    requests.push([{ path }, 'a path', false])

  for (const [request, what, mustFail] of requests) {
    const answer = await ask(request)
    judge(request, answer, what)
    await discard(run, request, answer)
    if (mustFail) ledger.expect('errors.accepted', answer.status >= 300, () => shown(request, answer, what))
    if (request.path === '/.git/config' || request.path === '/.env')
      ledger.expect('errors.leaks', !(answer.status === 200 && /^\[core\]|^[A-Z_]+=/m.test(answer.text)), () =>
        shown(request, answer, 'is public')
      )
  }
}
