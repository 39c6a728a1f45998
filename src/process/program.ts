import { basename, relative } from 'node:path'

/** Commands whose standard output is data, without npm's own lines. */
const silent = ['audit', 'export']

let program: string | undefined

export const programText = () => program ?? 'npx gatehouse-server'

/** Keeps how this process was started, for what `commandText` says: by a file of a product, or by the package's own command. */
export function nameProgram(file: string | undefined): void {
  if (file === undefined) {
    program = undefined
    return
  }
  const isOwn = basename(file, '.js') === 'gatehouse-server'
  program = isOwn ? 'npx gatehouse-server' : `node ${relative('', file)}`
}

/** A command as an operator types it: `node src/server.ts users find`, or in this repository `npm run users -- find`. */
export function commandText(name: string, given = ''): string {
  if (program !== undefined) return `${program} ${name} ${given}`.trimEnd()
  return `npm run ${silent.includes(name) ? '--silent ' : ''}${name}${given && ` -- ${given}`}`
}
