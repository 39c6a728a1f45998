import { type Answer, type Caller, connectTo, logIn, password, signUp } from '../helpers/http.ts'

interface Person {
  email: string
  token: string
  refreshToken: string
  tasks: string[]
}

interface Opened {
  access_token: string
  refresh_token: string
}

/** Maximum number of tasks per person, so that the table keeps its size. */
const mostTasks = 50

/** A request, with its valid statuses. */
type Act = (call: Caller, person: Person) => Promise<{ answer: Answer; right: number[] }>

const adopt = (person: Person, answer: Answer, wanted: number) => {
  if (answer.status !== wanted) return
  const { access_token, refresh_token } = JSON.parse(answer.text) as Opened
  Object.assign(person, { token: access_token, refreshToken: refresh_token })
}

const read: Act = async (call, { token }) => ({
  answer: await call('GET', '/api/tasks?limit=10', { token }),
  right: [200]
})

const me: Act = async (call, { token }) => ({ answer: await call('GET', '/api/auth/me', { token }), right: [200] })

const badToken: Act = async (call, { token }) => ({
  answer: await call('GET', '/api/tasks', { token: `${token.slice(0, -8)}${crypto.randomUUID().slice(0, 8)}` }),
  right: [401]
})

const create: Act = async (call, { token, tasks }) => {
  const headers = { 'idempotency-key': crypto.randomUUID() }
  const answer = await call('POST', '/api/tasks', {
    token,
    headers,
    body: { title: 'soak', description: 'to be done' }
  })
  if (answer.status === 201) tasks.push((JSON.parse(answer.text) as { id: string }).id)
  return { answer, right: [201] }
}

const change: Act = async (call, { token, tasks }) => ({
  answer: await call('PUT', `/api/tasks/${tasks.at(-1) ?? crypto.randomUUID()}`, { token, body: { completed: true } }),
  right: [200, 404]
})

const remove: Act = async (call, { token, tasks }) => ({
  answer: await call('DELETE', `/api/tasks/${tasks.shift() ?? crypto.randomUUID()}`, { token }),
  right: [204, 404]
})

const refresh: Act = async (call, person) => {
  const answer = await call('POST', '/api/auth/refresh', { body: { refresh_token: person.refreshToken } })
  adopt(person, answer, 200)
  return { answer, right: [200] }
}

/** Ends the previous session, so that sessions and revocations stay few. */
const logInAgain: Act = async (call, person) => {
  const { token } = person
  const answer = await call('POST', '/api/auth/login', { body: { email: person.email, password } })
  adopt(person, answer, 200)
  if (answer.status === 200) await call('POST', '/api/auth/logout', { token })
  return { answer, right: [200] }
}

/** Per 1,000 requests. */
const shares: [number, Act][] = [
  [350, me],
  [340, read],
  [100, create],
  [100, change],
  [50, badToken],
  [48, refresh],
  [12, logInAgain]
]

/** Users who perform every kind of request, each one at a time. */
export async function createMix(url: string, count = 200) {
  const call = connectTo(url)
  const idle: Person[] = []
  for (let i = 0; i < count; i++) {
    const { email, access_token, refresh_token } = await signUp(call)
    idle.push({ email, token: access_token, refreshToken: refresh_token, tasks: [] })
  }

  function choose({ tasks }: Person): Act {
    if (tasks.length > mostTasks) return remove
    let place = Math.random() * 1000
    for (const [share, act] of shares) {
      place -= share
      if (place < 0) return act
    }
    return me
  }

  return {
    /** Lets the next idle user act; undefined when all are busy. */
    act(): Promise<{ answer: Answer; right: number[] }> | undefined {
      const person = idle.shift()
      if (!person) return undefined
      return choose(person)(call, person).finally(() => idle.push(person))
    },
    /** Logs in again the users who lost their session. */
    async mend(): Promise<void> {
      for (const person of idle) {
        const { access_token, refresh_token } = await logIn(call, person)
        Object.assign(person, { token: access_token, refreshToken: refresh_token })
      }
    }
  }
}

export type Mix = Awaited<ReturnType<typeof createMix>>
