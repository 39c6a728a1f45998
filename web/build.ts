import { existsSync, readdirSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('.', import.meta.url))
const built = join(folder, 'dist/index.html')
const parts = ['src', 'client', 'public', 'index.html', 'vite.config.ts', 'compress.ts', 'package.json']

const changedAt = (path: string): number => {
  const status = statSync(path)
  const inside = status.isDirectory() ? readdirSync(path).map((name) => changedAt(join(path, name))) : []
  return Math.max(status.mtimeMs, ...inside)
}

async function build(): Promise<void> {
  const began = performance.now()
  const { build } = await import('vite')
  await build({ configFile: join(folder, 'vite.config.ts'), logLevel: 'warn' })
  process.stdout.write(`Built the front end in ${Math.round(performance.now() - began)} ms\n`)
}

const isInstalled = () => {
  try {
    return createRequire(import.meta.url).resolve('vite') !== ''
  } catch {
    return false
  }
}

if (!existsSync(built) || parts.some((part) => changedAt(join(folder, part)) > statSync(built).mtimeMs)) {
  const reason = isInstalled() ? await build().catch(String) : 'Vite is not installed; npm ci --include=dev does that'
  if (reason) {
    const instead = existsSync(built) ? 'An older one is served.' : 'Without it, the API is served alone.'
    process.stderr.write(`The front end is not built: ${reason}\n${instead}\n`)
    process.exitCode = 1
  }
}
