import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { asServer } from '../../helpers/servers.ts'

const root = new URL('../../../', import.meta.url)

/** Undefined unless root, who can run programs as another user. */
const server = asServer()

/** The folder and the processes of a scenario, which are removed at its end. */
export function createSandbox({ short }: { short: boolean }) {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-faults-'))
  chmodSync(directory, 0o755)
  const endings: (() => void)[] = []
  let cleared = false

  function clear(): void {
    if (cleared) return
    cleared = true
    for (const end of endings.reverse()) end()
    rmSync(directory, { recursive: true, force: true, maxRetries: 5 })
  }
  process.once('exit', clear)

  return {
    /** Whether shorter times are sufficient. */
    short,
    directory,
    /** Registers a cleanup, which must not wait. */
    atEnd: (end: () => void) => endings.push(end),
    clear() {
      clear()
      process.off('exit', clear)
    },
    /** A folder that services may write to. */
    folder(name: string): string {
      const path = join(directory, name)
      mkdirSync(path, { mode: 0o700 })
      if (server) chownSync(path, server.uid, server.gid)
      return path
    },
    file(path: string, content: string): string {
      writeFileSync(path, content, { mode: 0o644 })
      return path
    },
    /** Runs a program to its end, as the user of services. */
    async serverCommand(command: string, args: string[]): Promise<void> {
      const child = spawn(command, args, { ...server, cwd: directory, stdio: ['ignore', 'ignore', 'pipe'] })
      let complaint = ''
      child.stderr.on('data', (chunk) => {
        complaint += chunk
      })
      // Not 'close', because programs started by pg_ctl inherit its standard error.
      const [code] = await once(child, 'exit')
      child.stderr.destroy()
      if (code !== 0) throw new Error(`${command} ${args.join(' ')}: ${code} ${complaint}`)
    },
    /** Starts a service in the foreground, as the user of services. */
    startServer: (command: string, args: string[]) => started(command, args, server ?? {}),
    /** Starts a file of ours with only these settings. */
    startNode: (args: string[], env: Record<string, string>) => started(process.execPath, args, { cwd: root, env })
  }

  function started(command: string, args: string[], options: object): ChildProcess & { output: () => string } {
    const child = spawn(command, args, { cwd: directory, ...options, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => {
        output = (output + chunk).slice(-200_000)
      })
    endings.push(() => child.kill('SIGKILL'))
    return Object.assign(child, { output: () => output })
  }
}

export type Sandbox = ReturnType<typeof createSandbox>
