import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'

const root = new URL('../../', import.meta.url)
const sampleEvery = 50

/** The largest resident memory of a process so far, in bytes. */
function peakOf(pid: number): number {
  try {
    const [, kilobytes = '0'] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
    return Number(kilobytes) * 1024
  } catch {
    return 0
  }
}

/** Runs a command of ours, and reads all that it writes. Rejects if it fails. */
export async function runCommand(file: string, args: string[], settings: Record<string, string>) {
  const { PATH = '' } = process.env
  const begin = performance.now()
  const child = spawn(process.execPath, [file, ...args], {
    cwd: root,
    env: { PATH, BETTER_AUTH_SECRET: 'a-long-value-that-only-the-benches-know', ...settings },
    stdio: ['ignore', 'pipe', 'inherit']
  })
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  let [bytes, peak, last] = [0, 0, '']
  child.stdout.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    last = (last + chunk.toString()).slice(-1_000)
  })
  const sampler = setInterval(() => {
    peak = Math.max(peak, peakOf(child.pid ?? 0))
  }, sampleEvery)
  const [code] = await once(child, 'close')
  clearInterval(sampler)
  process.off('exit', kill)
  if (code !== 0) throw new Error(`${file} ${args.join(' ')} ended with ${code}: ${last}`)
  return { seconds: (performance.now() - begin) / 1000, peak, bytes, last }
}
