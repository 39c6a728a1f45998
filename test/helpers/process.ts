import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Test } from 'tap'
import { until } from './wait.ts'

const root = new URL('../../', import.meta.url)

/** Runs a file of ours in a separate process with only these settings, until the test ends. */
export function run(t: Test, file: string, settings: Record<string, string>, args: string[] = []) {
  const { DATABASE_URL, DATA_DIR, BETTER_AUTH_SECRET, NODE_ENV, ...env } = process.env
  const child = spawn(process.execPath, [file, ...args], {
    cwd: root,
    // Coverage is not exact with the compile cache.
    env: { ...env, PORT: '0', BCRYPT_COST: '10', NODE_DISABLE_COMPILE_CACHE: '1', ...settings },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  t.teardown(() => child.kill('SIGKILL'))
  const output = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const)
    child[name].on('data', (chunk) => {
      output[name] += chunk
    })
  let over = false
  const ended = once(child, 'close').then(([code]) => {
    over = true
    return { code: code as number | null, ...output }
  })

  /** Waits for a pattern on standard output. */
  async function says(pattern: RegExp): Promise<RegExpExecArray> {
    return until(`${pattern} from ${file}`, () => {
      const found = pattern.exec(output.stdout)
      // By itself or by a signal.
      if (!found && over) throw new Error(`${file} ended before it said ${pattern}: ${output.stderr}`)
      return found
    })
  }

  return { pid: child.pid, kill: child.kill.bind(child) as ChildProcess['kill'], output, ended, says }
}

/** Starts the service as users do, or by another file. */
export async function serve(t: Test, settings: Record<string, string>, file = 'src/start.js') {
  const server = run(t, file, settings)
  const [, url = ''] = await server.says(/(http:\/\/127\.0\.0\.1:\d+)(?=.*(curl|"database").*\n)/s)
  return { ...server, url }
}
