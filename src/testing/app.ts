import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify'
import { pino } from 'pino'
import { buildApp } from '../app.ts'
import { type Config, loadConfig } from '../config/config.ts'
import { borrowDatabase } from '../database/engines.ts'
import { createDatabase } from '../database/scratch.ts'
import { logOptions } from '../logging/log.ts'
import type { Letter, Transport } from '../mail/transport.ts'
import type { Product } from '../product/product.ts'

/** No setting allows a cost below 10. This one takes 1.4 ms instead of 55. */
const bcryptCost = 4
const password = 'correct-horse-7'

/** What a busy machine would refuse in a test. */
const patient = { maxEventLoopDelay: 0, memory: () => 0, queueWait: 30_000 }

export interface TestOptions {
  settings?: Record<string, string>
  /** Milliseconds since 1970, for tests of times. */
  clock?: () => number
  /** The URL of a PostgreSQL server on which the test makes a database of its own; without it, an embedded one in memory. */
  databaseUrl?: string | undefined
}

type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** Calls the app, with or without a token. */
function caller(app: FastifyInstance, token?: string) {
  const call =
    (method: Method) =>
    (url: string, body?: object, { headers, ...options }: InjectOptions = {}) =>
      app.inject({
        method,
        url,
        ...(body && { payload: body }),
        ...options,
        headers: { ...(token && { authorization: `Bearer ${token}` }), ...headers }
      })
  return {
    get: call('GET'),
    head: call('HEAD'),
    post: call('POST'),
    put: call('PUT'),
    patch: call('PATCH'),
    delete: call('DELETE')
  }
}

export type Caller = ReturnType<typeof caller>

/** The lines of the product and of Gatehouse in a stack. */
const placesIn = (stack = '') =>
  stack
    .split('\n')
    .filter((line) => /^ +at /.test(line) && !/node_modules|node:/.test(line))
    .map((line) => line.trim())

/** A log that writes nothing, and keeps why requests got a 500. */
function recordErrors() {
  const reasons = new Map<string, string>()
  function write(line: string): void {
    const { request_id, err } = JSON.parse(line)
    reasons.set(request_id, [`${err?.type}: ${err?.message}`, ...placesIn(err?.stack).slice(0, 1)].join(', '))
  }
  return {
    log: pino({ ...logOptions, level: 'error' }, { write }),

    /** Why a request got a 500: the error in the log, which the answer does not tell. */
    reasonOf: ({ headers }: Pick<LightMyRequestResponse, 'headers'>): string | undefined =>
      reasons.get(String(headers['x-request-id']))
  }
}

interface NewUser {
  email?: string
  admin?: boolean
}

/**
 * Builds the whole service with a product on an empty database of its own, without limits, with cheap hashes and without a
 * port. Mails are kept in `letters`.
 */
export async function buildTestApp(product: Product = {}, { settings, clock, databaseUrl }: TestOptions = {}) {
  const { log, reasonOf } = recordErrors()
  const { engine, remove, ...database } =
    databaseUrl === undefined
      ? await borrowDatabase()
      : { ...(await createDatabase(databaseUrl, log)), engine: undefined }
  const letters: Letter[] = []
  const done = async (): Promise<void> => {}
  const transport = async (): Promise<Transport> => ({
    send: async (letter) => void letters.push(letter),
    check: done,
    close: done
  })
  const environment = {
    BETTER_AUTH_SECRET: 'a-long-value-that-only-the-tests-know',
    RATE_LIMIT_ENABLED: 'false',
    WEB_DIR: 'none',
    ...database.settings,
    ...settings
  }
  let app: FastifyInstance | undefined
  async function close(): Promise<void> {
    await app?.close()
    await remove()
  }

  let config: Config
  try {
    config = { ...loadConfig(environment, [], product.settings, product.api?.title), bcryptCost, ...patient }
    app = await buildApp({
      ...{ ...product, config, log, transport },
      ...(clock && { clock }),
      // A test with a data directory of its own reads or keeps what is there.
      ...(engine && settings?.DATA_DIR === undefined && { engine })
    })
    await app.ready()
    await app.migrate()
    await app.revocations.catchUp()
    await app.signingKeys.prepare()
  } catch (error) {
    await close()
    throw error
  }
  const built = app
  const anyone = caller(built)

  async function logIn(email: string) {
    const { access_token: token, user } = (await anyone.post('/api/auth/login', { email, password })).json()
    return { id: user.id as string, token: token as string }
  }

  /** A user who can call: `(await signUp()).get('/api/notes')`. */
  async function signUp({ email = `${crypto.randomUUID()}@example.com`, admin = false }: NewUser = {}) {
    const answer = await anyone.post('/api/auth/register', { email, name: 'Somebody', password })
    if (answer.statusCode !== 201) throw new Error(`${email} cannot register: ${answer.body}`)
    if (admin) {
      await built.db.updateTable('users').set({ role: 'admin' }).where('email', '=', email).execute()
      await built.revocations.catchUp()
    }
    const { id, token } = await logIn(email)
    const own = caller(built, token)

    /** A program of the user, with a personal access token with these scopes. */
    async function program(scopes: readonly string[]): Promise<Caller> {
      const made = await own.post('/api/auth/tokens', { name: 'Program', scopes, expires_in_days: 1 })
      if (made.statusCode !== 201) throw new Error(`No token for ${scopes.join(', ')}: ${made.body}`)
      return caller(built, made.json().token)
    }
    return { id, email, password, token, program, ...own }
  }

  return { app: built, config, anyone, signUp, letters, reasonOf, close }
}

export type TestApp = Awaited<ReturnType<typeof buildTestApp>>
export type TestUser = Awaited<ReturnType<TestApp['signUp']>>
