import type { FastifyInstance, LightMyRequestResponse } from 'fastify'
import { caller, password } from './app.ts'

/** The only cookie that an answer sets. */
export function setCookie(answer: LightMyRequestResponse) {
  const [, name = '', value = '', attributes = ''] =
    /^([^=]+)=([^;]*); (.*)$/.exec(String(answer.headers['set-cookie'])) ?? []
  return { name, value, attributes, cookie: `${name}=${value}` }
}

/** Browsers, as far as the refresh cookie is concerned. */
export function browsing(app: FastifyInstance) {
  const anyone = caller(app)

  /** Signs up a new user at this host. */
  async function signIn(host = 'api.example.com') {
    const email = `${crypto.randomUUID()}@example.com`
    const body = { email, name: 'Ann', password, refresh_cookie: true }
    const answer = await anyone.post('/api/auth/register', body, { headers: { host } })
    return { email, answer, token: answer.json().access_token as string, ...setCookie(answer) }
  }

  const refresh = (cookie: string, headers: Record<string, string> = {}) =>
    anyone.post('/api/auth/refresh', undefined, { headers: { host: 'api.example.com', cookie, ...headers } })

  return { anyone, signIn, refresh }
}
