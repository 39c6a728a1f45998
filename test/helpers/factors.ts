import assert from 'node:assert/strict'
import type { FastifyInstance } from 'fastify'
import { Secret, TOTP } from 'otpauth'
import { caller, password } from './app.ts'

/** Milliseconds for which a code is shown. */
export const period = 30_000

/** What an authenticator app shows. */
export const codeAt = (secret: string, now: number) =>
  new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: now })

/** Six digits that are not what the app shows, ten minutes either way: any fixed code is right once in 333,333 attempts. */
export function wrongCode(secret: string, now = Date.now(), first = 0): string {
  const shown = new Set(Array.from({ length: 41 }, (_, i) => codeAt(secret, now + (i - 20) * period)))
  for (let number = first; ; number++) {
    const code = String(number).padStart(6, '0')
    if (!shown.has(code)) return code
  }
}

/** Operations of users with an authenticator app, under the clock of an app. */
export function factored(app: FastifyInstance, clock: { now: number }) {
  const call = caller(app)

  /** A code that was not used: the time passes to the next one. */
  function nextCode(secret: string): string {
    clock.now += period
    return codeAt(secret, clock.now)
  }

  const wrongCodeOf = (secret: string) => wrongCode(secret, clock.now)

  /** Turns the authenticator app of a session on. */
  async function turnOn(token: string) {
    const user = caller(app, token)
    const { secret } = (await user.post('/api/auth/factors/totp')).json()
    const confirmed = await user.post('/api/auth/factors/totp/confirm', { code: nextCode(secret) })
    return { secret: secret as string, recoveryCodes: confirmed.json().recovery_codes as string[] }
  }

  /** A new user, whose authenticator app is on. `first` is the answer to registering. */
  async function register() {
    const email = `${crypto.randomUUID()}@example.com`
    const first = (await call.post('/api/auth/register', { email, name: 'Somebody', password })).json()
    return { email, id: first.user.id as string, first, ...(await turnOn(first.access_token)) }
  }

  const begin = (email: string) => call.post('/api/auth/login', { email, password })
  async function challengeOf(email: string): Promise<string> {
    const asked = await begin(email)
    assert.equal(asked.statusCode, 401, asked.body)
    return asked.json().challenge
  }
  const answer = (challenge: string, code: string, remoteAddress = '127.0.0.1') =>
    call.post('/api/auth/login/second-factor', { challenge, code }, { remoteAddress })

  /** Logs in with both factors. */
  const logIn = async ({ email, secret }: { email: string; secret: string }) =>
    (await answer(await challengeOf(email), nextCode(secret))).json()

  return { nextCode, wrongCodeOf, turnOn, register, begin, challengeOf, answer, logIn }
}

export const claimsOf = (token: string) =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'))
