import { setImmediate } from 'node:timers/promises'
import { parseSetCookie } from 'cookie'
import type { FastifyInstance, InjectOptions } from 'fastify'
import type { Test } from 'tap'
import type { User } from '../../web/client/src/api.ts'
import { createGatehouse } from '../../web/client/src/index.ts'
import { password, startApp } from './app.ts'
import { until } from './wait.ts'

const baseUrl = 'https://api.example.com'

type Options = NonNullable<Parameters<typeof createGatehouse>[0]>

/** Intercepts a request: answers it instead of the server, or throws like a network error. */
type Interference = (request: Request) => Response | undefined | Promise<Response | undefined>

/** The service with browsers, whose tabs share cookies, and a common clock. */
export async function startBrowsers(
  t: Test,
  settings: Record<string, string> = {},
  routes?: (app: FastifyInstance) => void
) {
  let time = Date.now()
  const clock = () => time
  const { app, lettersTo } = await startApp(t, { settings, clock, ...(routes && { routes }) })

  /** A browser has its own cookies and channels. */
  function open() {
    const name = `${baseUrl}/${crypto.randomUUID()}`
    const cookies = new Map<string, string>()
    const asked: string[] = []
    const waits: number[] = []
    let interfere: Interference = () => undefined

    async function answer(request: Request): Promise<Response> {
      const { pathname, search } = new URL(request.url)
      const path = pathname.replace(/^\/[\da-f-]{36}/, '') + search
      asked.push(`${request.method} ${path}`)
      const instead = await interfere(request)
      if (instead) return instead
      const payload = await request.text()
      const answer = await app.inject({
        method: request.method as NonNullable<InjectOptions['method']>,
        url: path,
        headers: {
          ...Object.fromEntries(request.headers),
          host: 'api.example.com',
          cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
        },
        ...(payload && { payload })
      })
      for (const line of [answer.headers['set-cookie'] ?? []].flat()) {
        const { name, value } = parseSetCookie(line)
        if (value) cookies.set(name, value)
        else cookies.delete(name)
      }
      const headers = Object.entries(answer.headers).map(([name, value]): [string, string] => [name, String(value)])
      return new Response(answer.statusCode === 204 ? null : answer.body, { status: answer.statusCode, headers })
    }

    function tab(options: Pick<Options, 'onStepUp'> = {}) {
      const left: string[] = []
      const gatehouse = createGatehouse(
        { baseUrl: name, onSignedOut: (why) => left.push(why), ...options },
        {
          fetch: answer,
          now: clock,
          async wait(ms, signal) {
            waits.push(ms)
            // As long as a message to another tab takes.
            for (let turns = 0; turns < 20; turns++) {
              signal?.throwIfAborted()
              await setImmediate()
            }
          }
        }
      )
      t.teardown(gatehouse.close)
      return { ...gatehouse, left }
    }

    const email = `${crypto.randomUUID()}@example.com`
    return {
      tab,
      email,
      /** The name of the tabs' lock and channel. */
      channel: `gatehouse ${name}`,
      asked,
      waits,
      cookies,
      /** The number of matching requests. */
      count: (pattern: string) => asked.filter((line) => line.includes(pattern)).length,
      interfere: (next: Interference) => {
        interfere = next
      },
      async signedUp(options?: Pick<Options, 'onStepUp'>) {
        const first = tab(options)
        const user = (await first.session.signUp({ email, name: 'Ann', password })) as User
        return { ...first, user }
      }
    }
  }

  const pass = (seconds: number) => {
    time += seconds * 1000
  }
  return { app, clock, pass, open, lettersTo }
}

/** Waits until tabs have received messages, which may depend on the database. */
export const heard = (condition: () => boolean) => until('tabs that hear each other', condition)
