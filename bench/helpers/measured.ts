import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** Resources that a process has used: CPU time of all threads (user and system) in microseconds, and resident bytes. */
interface Usage {
  cpu: number
  rss: number
}

const root = new URL('../../', import.meta.url)
const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** Production refuses weaker secrets. */
export const secret = randomBytes(32).toString('base64url')

/**
 * Starts a server with only these settings, and measures it. Its log goes to a file, because the reader of a pipe
 * affects the cost of writing to it. It reports its `url` in a line of JSON.
 */
export async function startMeasured(file: string, settings: Record<string, string>) {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'))
  const logFile = join(directory, 'log')
  const fd = openSync(logFile, 'a')
  const begin = performance.now()
  const child = spawn(process.execPath, ['--import', './bench/helpers/usage.js', file], {
    cwd: root,
    env: { PATH: process.env.PATH, NODE_ENV: 'production', PORT: '0', DATA_DIR: join(directory, 'data'), ...settings },
    stdio: ['ignore', fd, 'inherit', 'ipc']
  })
  closeSync(fd)
  running.add(child)
  child.on('exit', () => running.delete(child))

  async function stop(): Promise<void> {
    if (running.has(child)) {
      child.kill('SIGTERM')
      await once(child, 'exit')
    }
    rmSync(directory, { recursive: true, force: true })
  }

  let url: string | undefined
  while (url === undefined) {
    await sleep(5)
    url = /"url":"(http:[^"]+)"/.exec(readFileSync(logFile, 'utf8'))?.[1]
    if (child.exitCode !== null || performance.now() - begin > 60_000) {
      await stop()
      throw new Error(`${file} did not start`)
    }
  }

  return {
    url,
    child,
    pid: child.pid as number,
    stop,
    /** Total use since the start. */
    async usage(): Promise<Usage> {
      const answer = once(child, 'message')
      child.send('usage')
      return (await answer)[0] as Usage
    },
    /** Bytes of log since it was last truncated. */
    logged: () => statSync(logFile).size,
    lines: () => readFileSync(logFile, 'utf8').split('\n').length - 1,
    emptyLog: () => truncateSync(logFile, 0)
  }
}

export type Measured = Awaited<ReturnType<typeof startMeasured>>

/** Gatehouse as in production: every protection on, one log line per request. */
export const startGatehouse = (databaseUrl: string | undefined, settings: Record<string, string> = {}) =>
  startMeasured('src/start.js', {
    BETTER_AUTH_SECRET: secret,
    LOG_LEVEL: 'info',
    BCRYPT_COST: '10',
    TASKS_PER_USER: '1000000000',
    TASK_BYTES_PER_USER: '1000000000000',
    ...(databaseUrl && { DATABASE_URL: databaseUrl }),
    ...settings
  })
