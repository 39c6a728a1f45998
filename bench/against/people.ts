import { randomBytes } from 'node:crypto'
import type { Answer, Caller } from '../helpers/http.ts'
import { type Patience, patiently } from './patience.ts'

interface Tokens {
  access_token: string
  refresh_token: string
  user: { id: string }
}

export interface Person {
  id: string
  email: string
  password: string
  token: string
  refreshToken: string
  /** Concrete paths of the person's own objects, by the path template of their collection. */
  objects: Map<string, string[]>
  /** The same, of objects that an operation may delete. */
  spare: Map<string, string[]>
}

/** What a call to the accounts' own operations took, by operation. */
export type Note = (name: string, answer: Answer) => void

interface Accounts {
  call: Caller
  domain: string
  patience: Patience
  note: Note
}

const tokensOf = ({ text }: Answer): Tokens => JSON.parse(text)

/** Signs up, opens sessions for and deletes the people of a run. */
export function createAccounts({ call, domain, patience, note }: Accounts) {
  async function post(name: string, body: object | undefined, token?: string, how = patience): Promise<Answer> {
    const path = `/api/auth/${name}`
    const answer = await patiently(() => call('POST', path, { token, body }), how)
    note(`POST ${path}`, answer)
    return answer
  }

  const detail = ({ status, text }: Answer) => `${status} ${text.slice(0, 300)}`

  return {
    async signUp(): Promise<Person> {
      const email = `load-${randomBytes(9).toString('hex')}@${domain}`
      const password = `load-${randomBytes(12).toString('base64url')}-7`
      const answer = await post('register', { email, name: 'Load test', password })
      if (answer.status === 202)
        throw new Error(
          'the deployment opens no session before the address is confirmed: test one with EMAIL_VERIFICATION=soft and PRIVATE_SIGN_UP=false'
        )
      if (answer.status !== 201) throw new Error(`signing up answered ${detail(answer)}`)
      const { user, access_token: token, refresh_token: refreshToken } = tokensOf(answer)
      return { id: user.id, email, password, token, refreshToken, objects: new Map(), spare: new Map() }
    },

    /** Returns the tokens of a new session, or undefined if the deployment does not give one now. */
    async logIn({ email, password }: Person): Promise<Tokens | undefined> {
      const answer = await post('login', { email, password })
      return answer.status === 200 ? tokensOf(answer) : undefined
    },

    async refresh(refreshToken: string): Promise<Tokens | undefined> {
      const answer = await post('refresh', { refresh_token: refreshToken })
      return answer.status === 200 ? tokensOf(answer) : undefined
    },

    async logOut(token: string): Promise<void> {
      await post('logout', undefined, token)
    },

    /** Returns why the account still exists, or undefined. An interrupted run deletes them as well. */
    async remove({ token, password }: Person): Promise<string | undefined> {
      const how = { ...patience, signal: undefined }
      const answer = await post('profile/delete', { password }, token, how).catch((error: Error) => error)
      if (answer instanceof Error) return answer.message
      return answer.status === 204 ? undefined : detail(answer)
    }
  }
}

export type AccountsOfRun = ReturnType<typeof createAccounts>
