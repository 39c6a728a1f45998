import type { FastifyInstance, InjectOptions } from 'fastify'
import type { Test } from 'tap'
import { buildApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config/config.ts'
import type { Product } from '../../src/product/product.ts'
import { tasks } from '../../src/product/tasks.ts'
import { checkAnswer } from './contract.ts'
import { borrowEmpty } from './databases.ts'
import { keepExchange } from './exchanges.ts'
import { captureLog } from './log.ts'
import { openMailbox } from './mailbox.ts'
import { cheapestHash, patient } from './patient.ts'

export const secret = 'a-long-value-that-only-the-tests-know'
export const password = 'correct-horse-7'

type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

export interface Options {
  settings?: Record<string, string>
  /** Treats the files in WEB_DIR as Gatehouse's own web app. */
  isOwnWeb?: boolean
  /** Keeps the limits against overload, for tests of them. */
  isImpatient?: boolean
  clock?: () => number
  redis?: { commandTimeout: number }
  /** What is built on the service; by default the tasks. Its migrations run. */
  product?: Product
  /** Adds routes to the app. */
  routes?: (app: FastifyInstance) => void
}

/** A caller, with or without a token. Every answer is checked against the published contract. */
export function caller(app: FastifyInstance, token?: string) {
  const call =
    (method: Method) =>
    async (url: string, body?: unknown, options: InjectOptions = {}) => {
      const headers = { ...(token && { authorization: `Bearer ${token}` }), ...options.headers }
      const payload = body === undefined ? {} : { payload: body as object }
      const request = { method, url, ...payload, ...options, headers }
      const answer = await app.inject(request)
      checkAnswer(app, method, url, answer)
      keepExchange(app, { method, url, request, answer })
      return answer
    }
  return {
    get: call('GET'),
    head: call('HEAD'),
    post: call('POST'),
    put: call('PUT'),
    patch: call('PATCH'),
    delete: call('DELETE')
  }
}

/**
 * Starts the whole service until the test ends, on an empty database or the configured one. Hashes are cheap, and
 * limits off unless requested.
 */
export async function startApp(
  t: Test,
  { settings = {}, isOwnWeb, isImpatient = false, clock, redis, product = tasks, routes }: Options = {}
) {
  const { engine, remove, ...database } = await borrowEmpty()
  const { log, lines, says } = captureLog()
  const mailbox = openMailbox()
  const environment = {
    BETTER_AUTH_SECRET: secret,
    RATE_LIMIT_ENABLED: 'false',
    // The result must not depend on a built front end.
    WEB_DIR: 'none',
    ...database.settings,
    ...settings
  }
  const loaded = loadConfig(environment, [], product.settings, product.api?.title)
  const config = {
    ...loaded,
    ...(!('BCRYPT_COST' in settings) && { bcryptCost: cheapestHash }),
    ...(!isImpatient && patient)
  }
  const app = await buildApp({
    ...product,
    config: { ...config, ...(isOwnWeb && { isOwnWeb }) },
    log,
    ...(settings.SMTP_URL === undefined && { transport: mailbox.transport }),
    ...(clock && { clock }),
    ...(redis && { redis }),
    ...(engine && !('DATA_DIR' in settings) && { engine })
  }).catch(async (error) => {
    await remove()
    throw error
  })
  t.teardown(async () => {
    await app.close()
    await remove()
  })
  routes?.(app)
  await app.ready()
  if (product.migrations && product !== tasks) await app.migrate()
  // A test with an unreachable database continues.
  await app.revocations.catchUp().catch(() => {})
  await app.signingKeys.prepare().catch(() => {})

  /** A signed-up user who can call: `ann.get('/api/tasks')`. */
  async function signUp(email = `${crypto.randomUUID()}@example.com`) {
    const answer = await caller(app).post('/api/auth/register', { email, name: 'Somebody', password })
    const { access_token: token, user } = answer.json()
    return { id: user.id as string, email, password, token: token as string, ...caller(app, token) }
  }

  /** The letters to an address, once nothing is left to send. */
  async function lettersTo(address: string) {
    await app.mail.sender?.idle()
    return mailbox.to(address)
  }

  return { app, config, lines, says, signUp, lettersTo, anyone: caller(app) }
}
