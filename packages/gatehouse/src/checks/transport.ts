import http from 'node:http'
import tls, { type SecureVersion } from 'node:tls'
import { type Run, shown } from '../run.ts'

const isLoopback = (host: string) => /^(localhost|127(\.\d+){3}|\[::1\])$/.test(host)

/** TLS, and what is served without it (OWASP ASVS 5.0, 12). */
export async function transport({
  client,
  ask,
  profile,
  ledger,
  a
}: Pick<Run, 'client' | 'ask' | 'profile' | 'ledger' | 'a'>): Promise<void> {
  const { base, isTls } = client
  if (!isTls) {
    if (isLoopback(base.hostname)) ledger.note('transport.plain', 'a loopback address needs no TLS')
    else ledger.expect('transport.plain', false, () => `${base.origin} is not https`)
    return
  }
  ledger.expect('transport.plain', true, () => '')
  for (const request of [{ ...profile.me, as: a }, { path: '/' }]) {
    const answer = await ask(request)
    const policy = String(answer.headers['strict-transport-security'] ?? '')
    const age = Number(/max-age="?(\d+)/i.exec(policy)?.[1] ?? 0)
    ledger.expect('transport.hsts', age >= 31_536_000, () =>
      shown(request, answer, `strict-transport-security is ${policy || 'missing'}`)
    )
  }
  for (const version of ['TLSv1', 'TLSv1.1'] as const) {
    await client.budget.take()
    ledger.expect('transport.oldTls', !(await connects(version, run(client))), () => `${version} is accepted`)
  }
  if (base.port !== '')
    return ledger.note('transport.redirect', 'the port is not 443, so there is no port of http to try')
  for (const path of ['/', profile.me.path]) {
    await client.budget.take()
    const answer = await plain(base.hostname, path, client.lookup)
    if (!answer) ledger.expect('transport.redirect', true, () => '')
    else {
      const isRedirect = answer.status >= 300 && answer.status < 400 && answer.location.startsWith('https://')
      const isRight = path === '/' ? isRedirect || answer.status >= 400 : answer.status >= 400 || isRedirect
      ledger.expect('transport.redirect', isRight, () => shown({ path: `http://${base.hostname}${path}` }, answer))
    }
  }
}

const run = ({ base, lookup, ca }: Run['client']) => ({
  host: base.hostname,
  port: Number(base.port || 443),
  lookup,
  ...(ca && { ca }),
  servername: base.hostname,
  timeout: 5000
})

/** Whether a handshake with one version of TLS succeeds. */
function connects(version: SecureVersion, options: tls.ConnectionOptions): Promise<boolean> {
  return new Promise((resolve) => {
    const end = (connected: boolean) => {
      socket.destroy()
      resolve(connected)
    }
    // OpenSSL refuses these versions at its default level.
    const socket = tls.connect(
      { ...options, minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' },
      () => end(true)
    )
    socket.on('error', () => end(false))
    socket.on('timeout', () => end(false))
  })
}

/** The answer over http, or undefined if nothing listens. */
function plain(host: string, path: string, lookup: Run['client']['lookup']) {
  return new Promise<{ status: number; location: string } | undefined>((resolve) => {
    const call = http.get({ host, path, lookup, timeout: 5000 }, (response) => {
      response.resume()
      resolve({ status: response.statusCode ?? 0, location: response.headers.location ?? '' })
    })
    call.on('error', () => resolve(undefined))
    call.on('timeout', () => call.destroy())
  })
}
