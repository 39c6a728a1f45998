import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Test } from 'tap'
import { unusedPort } from './ports.ts'
import { until } from './wait.ts'

/** The Redis program, if installed. */
const program = ['redis-server', 'valkey-server'].find((name) => {
  try {
    return execFileSync(name, ['--version'])
  } catch {
    return undefined
  }
})

/** Why tests with a real Redis are skipped. */
export const skip = program ? false : 'needs redis-server or valkey-server'

/**
 * Starts a Redis in memory, on loopback, with a password, until the test ends. It can be stopped, killed and restarted.
 */
export async function startRedis(t: Test) {
  const port = await unusedPort()
  const options = { port, bind: '127.0.0.1', save: '', appendonly: 'no', requirepass: 'hush-hush' }
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)])

  async function start() {
    const child = spawn(program ?? '', args, { cwd: t.testdir(), stdio: ['ignore', 'pipe', 'ignore'] })
    t.teardown(() => child.kill('SIGKILL'))
    const ended = once(child, 'exit')
    let said = ''
    child.stdout.on('data', (chunk) => {
      said += chunk
    })
    await until('Redis', () => {
      if (child.exitCode !== null || child.signalCode !== null) throw new Error(`Redis ended: ${said}`)
      return /Ready to accept connections/.test(said)
    })
    return { child, ended }
  }

  let running = await start()
  return {
    url: `redis://:hush-hush@127.0.0.1:${port}`,
    signal: (signal: 'SIGSTOP' | 'SIGCONT') => running.child.kill(signal),
    async restart() {
      running.child.kill('SIGKILL')
      await running.ended
      running = await start()
    },
    async kill() {
      running.child.kill('SIGKILL')
      await running.ended
    }
  }
}
