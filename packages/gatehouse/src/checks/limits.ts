import { callOf } from '../accounts.ts'
import type { Answer } from '../client.ts'
import { type Run, shown } from '../run.ts'

const eightMegabytes = Buffer.from(`{"a":"${'x'.repeat(8 * 1024 * 1024 - 8)}"}`)

/** Limits of guesses and of sizes (OWASP ASVS 5.0, 6.3.1 and 15.2.2). The last area, as it makes the deployment refuse. */
export async function limits({ ask, profile, ledger, accounts, attempts, operations, a }: Run): Promise<void> {
  const { signIn } = profile
  const writing = operations.find(
    ({ method, body, isProtected, path }) => method === 'POST' && body && isProtected && !path.includes('{')
  )
  const targets = [signIn?.path, writing?.path].filter((path) => path !== undefined)
  for (const path of new Set(targets)) {
    const request = { method: 'POST', path, body: eightMegabytes, as: path === signIn?.path ? undefined : a }
    // Some servers close the connection while the body is still on its way.
    const answer = await ask(request).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') throw error
      return { status: 413 }
    })
    ledger.expect('limits.body', answer.status === 413, () => shown(request, answer, '8 MiB'))
  }
  if (!signIn) return
  const nobody = accounts.address()
  let last: Answer | undefined
  let tries = 0
  while (tries < attempts && last?.status !== 429) {
    tries += 1
    const request = callOf({ method: 'POST', ...signIn }, { email: nobody, password: accounts.secret() })
    last = await ask({ ...request, isFinal: true })
  }
  const isLimited = last?.status === 429
  ledger.expect(
    'limits.guessing',
    isLimited,
    () => `POST ${signIn.path}: ${tries} wrong passwords for one account in a row, none refused with 429`
  )
  if (last && isLimited) {
    const wait = last.headers['retry-after']
    ledger.expect(
      'limits.retryAfter',
      wait !== undefined,
      () => `POST ${signIn.path}: 429 without Retry-After after ${tries} wrong passwords`
    )
  }
}
