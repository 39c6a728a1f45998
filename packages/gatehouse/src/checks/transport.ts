import http from 'node:http'
import { isIP } from 'node:net'
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
    ledger.expect(
      'transport.oldTls',
      !(await connects(version, tlsOptions(client), patience(client))),
      () => `${version} is accepted`
    )
  }
  const port = profile.httpPort ?? (base.port === '' ? 80 : undefined)
  if (port === undefined)
    return ledger.note('transport.redirect', 'the port is not 443: httpPort of the profile says where http is')
  for (const path of ['/', profile.me.path]) {
    await client.budget.take()
    const answer = await plain(client, port, path)
    const request = { path: `http://${base.hostname}:${port}${path}` }
    const isRedirect = answer && answer.status >= 300 && answer.status < 400 && answer.location.startsWith('https://')
    ledger.expect('transport.redirect', !answer || answer.status >= 400 || isRedirect === true, () =>
      shown(request, answer ?? { status: 0 }, answer?.location && `to ${answer.location}`)
    )
    if (isRedirect && path !== '/')
      ledger.note(
        'transport.redirect',
        `${path} is redirected: a client may not notice that it has sent its token over http`
      )
  }
}

/** Milliseconds for a handshake, and for an answer over http. */
const patience = ({ timeout }: Run['client']) => Math.min(timeout, 5000)

const hostOf = ({ base }: Run['client']) => base.hostname.replace(/^\[|\]$/g, '')

function tlsOptions(client: Run['client']): tls.ConnectionOptions {
  const { base, lookup, ca } = client
  const host = hostOf(client)
  // Only a name can be a server name (RFC 6066, section 3).
  return {
    host,
    port: Number(base.port || 443),
    lookup,
    ...(ca && { ca }),
    ...(isIP(host) === 0 && { servername: host })
  }
}

/** Whether a handshake with one version of TLS succeeds. */
function connects(version: SecureVersion, options: tls.ConnectionOptions, milliseconds: number): Promise<boolean> {
  return new Promise((resolve) => {
    const end = (connected: boolean) => {
      clearTimeout(deadline)
      socket.destroy()
      resolve(connected)
    }
    // OpenSSL refuses these versions at its default level.
    const socket = tls.connect(
      { ...options, minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' },
      () => end(true)
    )
    socket.on('error', () => end(false))
    // Also for a host that sends a byte now and then.
    const deadline = setTimeout(() => end(false), milliseconds)
  })
}

/** The answer over http, or undefined if nothing listens. */
function plain(client: Run['client'], port: number, path: string) {
  const { lookup } = client
  return new Promise<{ status: number; location: string } | undefined>((resolve) => {
    const call = http.get({ host: hostOf(client), port, path, lookup, agent: false }, (response) => {
      resolve({ status: response.statusCode ?? 0, location: response.headers.location ?? '' })
      response.destroy()
    })
    call.on('error', () => resolve(undefined))
    const deadline = setTimeout(() => call.destroy(), patience(client))
    call.on('close', () => {
      clearTimeout(deadline)
      resolve(undefined)
    })
  })
}
