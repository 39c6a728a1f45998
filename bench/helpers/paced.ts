import { setTimeout as sleep } from 'node:timers/promises'
import { type Latency, latencyOf } from './clients.ts'
import { type Answer, type Caller, logIn, password, signUp } from './http.ts'

/** Operations that consume their data, or hash. They run at a fixed rate, whatever the load. */
type Make = () => Promise<() => Promise<Answer>>

/** Rates per second: low enough for the limits on attempts, and for hashing to take a quarter of a core. */
export function pacedOperations(
  call: Caller,
  people: { email: string }[]
): Record<string, { rate: number; make: Make }> {
  let turn = 0
  const somebody = () => people[turn++ % people.length] as { email: string }
  const session = () => logIn(call, somebody())
  const owner = session()
  let chain: Promise<{ refresh_token: string }> = session()
  return {
    'POST /api/auth/login': {
      rate: 0.5,
      make: async () => {
        const { email } = somebody()
        return () => call('POST', '/api/auth/login', { body: { email, password } })
      }
    },
    'POST /api/auth/register': {
      rate: 0.2,
      make: async () => () =>
        call('POST', '/api/auth/register', {
          body: { email: `${crypto.randomUUID()}@example.com`, name: 'Somebody', password }
        })
    },
    'POST /api/auth/refresh': {
      rate: 1,
      make: async () => {
        const { refresh_token } = await chain
        return () => {
          const answer = call('POST', '/api/auth/refresh', { body: { refresh_token } })
          chain = answer.then(({ text }) => JSON.parse(text) as { refresh_token: string })
          return answer
        }
      }
    },
    'POST /api/auth/logout': {
      rate: 0.2,
      make: async () => {
        const { access_token: token } = await session()
        return () => call('POST', '/api/auth/logout', { token })
      }
    },
    'PUT /api/auth/password': {
      rate: 0.1,
      make: async () => {
        const { access_token: token } = await signUp(call)
        return () =>
          call('PUT', '/api/auth/password', {
            token,
            body: { current_password: password, new_password: `${password}8` }
          })
      }
    },
    'DELETE /api/tasks/{id}': {
      rate: 10,
      make: async () => {
        const { access_token: token } = await owner
        const { text } = await call('POST', '/api/tasks', { token, body: { title: 'To be deleted' } })
        const { id } = JSON.parse(text) as { id: string }
        return () => call('DELETE', `/api/tasks/${id}`, { token })
      }
    }
  }
}

/** Runs all of them at their rates, regardless of response times, until the work is done. */
export async function beside(
  operations: ReturnType<typeof pacedOperations>,
  work: () => Promise<void>
): Promise<Record<string, Latency>> {
  const open = new Set<Promise<void>>()
  const stop = new AbortController()
  const all = Object.entries(operations)
  const found = all.map(([name, { rate, make }], place) => {
    const times: number[] = []
    let failed = 0
    const once = async () => {
      // A preparation that fails under this load does not count as a failure of the operation.
      const operation = await make().catch(() => undefined)
      if (!operation) return
      const { ms, status } = await operation()
      times.push(ms)
      if (status < 200 || status > 299) failed += 1
    }
    const start = () => {
      const one: Promise<void> = once()
        .catch(() => {
          failed += 1
        })
        .finally(() => open.delete(one))
      open.add(one)
    }
    const interval = 1000 / rate
    let timer: NodeJS.Timeout
    // Jitter: simultaneous operations would wait for each other's hashes.
    const delay = setTimeout(
      () => {
        start()
        timer = setInterval(start, interval)
      },
      (interval * place) / all.length
    )
    stop.signal.addEventListener('abort', () => {
      clearTimeout(delay)
      clearInterval(timer)
    })
    return () => [name, latencyOf(times, failed)] as const
  })
  await work()
  stop.abort()
  await Promise.race([Promise.all(open), sleep(30_000, undefined, { ref: false })])
  return Object.fromEntries(found.map((latency) => latency()))
}
