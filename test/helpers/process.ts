import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { starting, until } from './wait.ts'

const root = new URL('../../', import.meta.url)

/**
 * Whether a process counts for coverage, which doubles its CPU time. The processes of other tests reach no line that these, or
 * tests without a process, do not reach.
 */
const isCovered =
  process.env._TAPJS_PROCESSINFO_COVERAGE_ !== '0' &&
  /\/test\/((commands|observability|process|product)\/[\w-]+|server)\.system\.ts$/.test(process.argv[1] ?? '')

/** Coverage is not exact with the compile cache. Without coverage it saves half of a start, and tap's hooks are of no use. */
const compiling: Record<string, string> = isCovered
  ? { NODE_DISABLE_COMPILE_CACHE: '1' }
  : { NODE_COMPILE_CACHE: join(tmpdir(), 'gatehouse_compiled') }

/** Most processes end before optimized WebAssembly pays off; for the embedded engine it takes a third of their CPU time. */
const own = [process.execPath, '--liftoff-only']
const node = isCovered ? own : ['env', '-u', 'NODE_OPTIONS', ...own]

/**
 * Runs a file of ours in a separate process with only these settings, until the test ends. Its standard output goes to a
 * file descriptor if one is given.
 */
export function run(
  t: Test,
  file: string,
  settings: Record<string, string>,
  args: string[] = [],
  out: 'pipe' | number = 'pipe'
) {
  const { DATABASE_URL, DATA_DIR, BETTER_AUTH_SECRET, NODE_ENV, ...env } = process.env
  const [command = '', ...first] = settings.NODE_OPTIONS ? own : node
  const child = spawn(command, [...first, file, ...args], {
    cwd: root,
    env: { ...env, PORT: '0', BCRYPT_COST: '10', ...compiling, ...settings },
    stdio: ['ignore', out, 'pipe']
  })
  t.teardown(() => child.kill('SIGKILL'))
  const output = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const)
    child[name]?.on('data', (chunk) => {
      output[name] += chunk
    })
  let over = false
  const ended = once(child, 'close').then(([code]) => {
    over = true
    return { code: code as number | null, ...output }
  })

  /** Waits for a pattern on standard output. */
  async function says(pattern: RegExp): Promise<RegExpExecArray> {
    const find = () => {
      const found = pattern.exec(output.stdout)
      // By itself or by a signal.
      if (!found && over) throw new Error(`${file} ended before it said ${pattern}: ${output.stderr}`)
      return found
    }
    return until(`${pattern} from ${file}`, find, starting)
  }

  /** Leaves as a reader of standard output. */
  const hangUp = () => child.stdout?.destroy()

  return { pid: child.pid, kill: child.kill.bind(child) as ChildProcess['kill'], output, ended, says, hangUp }
}

/** Starts the service as users do, or by another file. */
export async function serve(t: Test, settings: Record<string, string>, file = 'src/start.js') {
  const server = run(t, file, settings)
  const [, url = ''] = await server.says(/(http:\/\/127\.0\.0\.1:\d+)(?=.*(curl|"database").*\n)/s)
  return { ...server, url }
}

/** Starts the service with cheap hashes, and with the patience of startApp: a busy machine is no reason to refuse a request. */
export const servePatiently = (t: Test, settings: Record<string, string>) =>
  serve(t, settings, 'test/helpers/patient-server.ts')
