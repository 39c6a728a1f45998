import { callOf } from '../accounts.ts'
import type { Answer } from '../client.ts'
import type { Call } from '../profiles.ts'
import { type Run, shown } from '../run.ts'

const eightMegabytes = Buffer.from(`{"a":"${'x'.repeat(8 * 1024 * 1024 - 8)}"}`)

/** Limits of guesses and of sizes (OWASP ASVS 5.0, 6.3.1 and 15.2.2). The last area, as it makes the deployment refuse. */
export async function limits(run: Run): Promise<void> {
  const { ask, profile, ledger, operations, a } = run
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
  if (signIn) await guess(run, signIn)
  const tracing = { method: 'TRACE', path: '/' }
  const trace = await ask(tracing).catch(async () => {
    // There are servers that TRACE ends: this request then gets no answer either.
    await ask({ path: '/' })
    return { status: 501 }
  })
  ledger.expect('headers.trace', trace.status >= 400, () => shown(tracing, trace))
}

async function guess({ ask, ledger, accounts, attempts }: Run, signIn: Call): Promise<void> {
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
