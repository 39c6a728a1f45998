import { createHash } from 'node:crypto'
import { createBudget } from './budget.ts'
import { type Client, createClient } from './client.ts'

export const provePath = '/.well-known/gatehouse-prove.txt'

/** The run must not take place. */
export class Refused extends Error {}

/** The line of the file that allows the holder of a token to prove the deployment. */
export const proveLine = (token: string) => `gatehouse-prove sha256=${createHash('sha256').update(token).digest('hex')}`

/** At least 128 bits, as far as a text can show it. */
export const isStrong = (token: string) => /^[\w-]{32,256}$/.test(token) && new Set(token).size >= 8

/** Refuses a host that does not show the hash of the token. A redirect is refused, as another host could answer it. */
export async function passGate({ ask, base }: Pick<Client, 'ask' | 'base'>, token: string): Promise<void> {
  if (!isStrong(token))
    throw new Refused('The token must be 32 to 256 random letters, digits, - or _. Make one with: npx gatehouse token')
  const where = `${base.origin}${provePath}`
  const answer = await ask({ path: provePath, headers: { accept: 'text/plain' } }).catch((error: Error) => {
    throw new Refused(`${where}: ${error.message}`)
  })
  if (answer.status >= 300 && answer.status < 400)
    throw new Refused(`${where} redirects to ${answer.headers.location}. Give the final URL: no redirect is followed.`)
  if (answer.status !== 200)
    throw new Refused(`${where} answers ${answer.status}. The host must show this line there: ${proveLine(token)}`)
  const lines = answer.text.slice(0, 4096).split(/\r?\n/)
  if (!lines.includes(proveLine(token)))
    throw new Refused(`${where} does not have the line of this token, which is: ${proveLine(token)}`)
}

/** Whether a host may be tested with a token: undefined, or why not. */
export async function mayTest(base: URL, token: string): Promise<string | undefined> {
  const client = createClient({ base, budget: createBudget({ rate: 10, maxRequests: 10, time: 30_000 }) })
  try {
    await passGate(client, token)
    return undefined
  } catch (error) {
    return (error as Error).message
  } finally {
    client.close()
  }
}
