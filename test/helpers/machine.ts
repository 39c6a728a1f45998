import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, realpath, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Test } from 'tap'
import { packages, startRegistry } from './registry.ts'
import { installing, settled, starting, until } from './wait.ts'

const execute = promisify(execFile)

interface Place {
  cwd: string
  env?: Record<string, string>
}

/** A machine that has only Node.js and npm, whose registry has the packages of this tree. `npm run build` must have built them. */
export async function openMachine(t: Test) {
  if (!existsSync(new URL('../../dist/server', import.meta.url))) throw new Error('Run npm run build first')
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse_machine_'))
  t.teardown(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }))
  const bin = join(folder, 'bin')
  await mkdir(bin)
  await symlink(process.execPath, join(bin, 'node'))
  for (const name of ['npm', 'npx']) {
    const { stdout } = await execute('which', [name])
    await symlink(await realpath(stdout.trim()), join(bin, name))
  }
  const registry = await startRegistry(t)
  const tarballs = packages(join(folder, 'packages'))
  for (const { path } of tarballs) await registry.publish(path)

  const { HOME = '' } = process.env
  const variables = {
    ...registry.env,
    HOME,
    PATH: bin,
    npm_config_script_shell: '/bin/sh',
    npm_config_prefer_offline: 'true',
    npm_config_update_notifier: 'false',
    NEXT_TELEMETRY_DISABLED: '1',
    NO_COLOR: '1',
    BCRYPT_COST: '10',
    PORT: '0'
  }

  /** Runs a command to its end, and returns what it prints. */
  async function run({ cwd, env }: Place, ...words: string[]): Promise<string> {
    const [command = '', ...args] = words
    const options = { cwd, env: { ...variables, ...env }, maxBuffer: 64 * 1024 * 1024, timeout: installing }
    const child = execute(command, args, options)
    child.child.stdin?.end()
    const { stdout } = await child.catch(({ killed, stdout, stderr }) => {
      const end = killed ? ` did not end in ${installing / 1000} s` : ''
      return Promise.reject(new Error(`${words.join(' ')}${end}: ${stdout}${stderr}`))
    })
    return stdout
  }

  /** Starts a program as a process group until it is stopped, and waits until it prints its address. */
  async function serve({ cwd, env }: Place, ready: RegExp, ...words: string[]) {
    const [command = '', ...args] = words
    const child = spawn(command, args, {
      cwd,
      env: { ...variables, ...env },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe']
    })
    const signal = (name: NodeJS.Signals) => {
      try {
        process.kill(-(child.pid as number), name)
      } catch {} // it has ended
    }
    t.teardown(() => signal('SIGKILL'))
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => {
        output += chunk
      })
    const closed = once(child, 'close')
    const what = words.join(' ')
    const isReady = () => {
      if (child.exitCode !== null || child.signalCode !== null) throw new Error(`${what} ended: ${output}`)
      return ready.exec(output)
    }
    const [, url = ''] = await until(what, isReady, starting)
    const stop = () => {
      signal('SIGTERM')
      return settled(`the end of ${what}`, closed)
    }
    return { url, stop, output: () => output }
  }

  return { folder, registry, tarballs, run, serve }
}

export type Machine = Awaited<ReturnType<typeof openMachine>>

/** What the service prints once it listens. */
export const listening = /(?:listens on {2}|"listening","url":")(http:[^\s"]+)[\s\S]*\n$/
