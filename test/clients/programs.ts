import { execFile } from 'node:child_process'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'

const folder = import.meta.dirname
const path = [join(folder, 'node_modules/.bin'), dirname(process.execPath), process.env.PATH].join(delimiter)

/** Runs a command line in this folder, with the programs of its packages. Returns what it printed, and throws it if it fails. */
export async function shell(command: string): Promise<string> {
  const env = { ...process.env, PATH: path, NO_COLOR: '1' }
  // NODE_OPTIONS has tap's loaders, which the compiler does not work with.
  const running = promisify(execFile)('sh', ['-ec', `unset NODE_OPTIONS; ${command}`], { cwd: folder, env })
  const { stdout, stderr } = await running.catch(({ stdout, stderr }) => {
    throw new Error(`${command}\n${stdout}${stderr}`)
  })
  return `${stdout}${stderr}`
}
