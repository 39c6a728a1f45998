import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { connectTo, signUp } from '../../../bench/helpers/http.ts'
import { unusedPort } from '../../helpers/ports.ts'
import { until } from '../../helpers/wait.ts'
import type { Sandbox } from './sandbox.ts'

export const secret = 'a-long-value-that-only-the-faults-know'

/** Starts the service on a port that it keeps across restarts. */
export async function startGatehouse(sandbox: Sandbox, settings: Record<string, string>, args: string[] = []) {
  const { PATH = '' } = process.env
  const port = settings.PORT ?? String(await unusedPort())
  const url = `http://127.0.0.1:${port}`
  const defaults = { BETTER_AUTH_SECRET: secret, RATE_LIMIT_ENABLED: 'false', BCRYPT_COST: '10', LOG_LEVEL: 'warn' }
  let environment: Record<string, string> = { PATH, ...defaults, ...settings, PORT: port }
  let child = sandbox.startNode(['src/server.ts', ...args], environment)

  /** Waits until it serves; fails if it ends. */
  async function listening(): Promise<void> {
    await until('Gatehouse to listen', () => {
      if (child.exitCode !== null || child.signalCode !== null) throw new Error(`Gatehouse ended: ${child.output()}`)
      return /listens on|"listening"/.test(child.output())
    })
  }

  return {
    url,
    port: Number(port),
    listening,
    call: connectTo(url),
    pid: () => child.pid ?? 0,
    output: () => child.output(),
    hasEnded: () => child.exitCode !== null || child.signalCode !== null,
    signal: (name: NodeJS.Signals) => child.kill(name),
    /** Its exit code; null after a signal. */
    async ended(): Promise<number | null> {
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
      return child.exitCode
    },
    /** Starts it again after its end, with changed settings. */
    async restart(changed: Record<string, string> = {}): Promise<void> {
      environment = { ...environment, ...changed }
      child = sandbox.startNode(['src/server.ts', ...args], environment)
      await listening()
    }
  }
}

export type Gatehouse = Awaited<ReturnType<typeof startGatehouse>>

/** Starts the service on a database of its own. */
export async function serve(sandbox: Sandbox, settings: Record<string, string>, args: string[] = []) {
  const gatehouse = await startGatehouse(sandbox, settings, args)
  await gatehouse.listening()
  return gatehouse
}

/** Access tokens of newly registered users; registering obeys Retry-After. */
export async function people(url: string, count: number): Promise<string[]> {
  const call = connectTo(url)
  const tokens: string[] = []
  for (let tries = 0; tokens.length < count; tries++)
    await signUp(call).then(
      ({ access_token }) => tokens.push(access_token),
      (error: Error) => {
        if (tries > 5 * count || !/ 503 /.test(error.message)) throw error
        return sleep(500)
      }
    )
  return tokens
}
