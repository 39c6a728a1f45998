import { parseArgs } from 'node:util'
import { Refusal } from './refusal.ts'

export const webs = ['vite', 'next', 'none'] as const
export type Web = (typeof webs)[number]

export const usage = `Usage: npm create gatehouse@latest [FOLDER] -- [--web vite|next|none] [--yes]

  FOLDER   created unless it exists; it must be empty. Its name becomes the name of the package. Default: my-app
  --web    the front end: Vite with React (default), Next.js, or none
  --yes    asks nothing, and takes the defaults
`

export const isWeb = (text: string): text is Web => (webs as readonly string[]).includes(text)

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        web: { type: 'string' },
        yes: { type: 'boolean', short: 'y' },
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean', short: 'v' }
      }
    })
  } catch (error) {
    throw new Refusal(`${(error as Error).message}\n\n${usage}`)
  }
}

/** Reads the command line. What it does not say is undefined. */
export function readOptions(args: string[]) {
  const { values, positionals } = parse(args)
  const [folder, ...more] = positionals
  const { web, yes = false, help = false, version = false } = values
  if (more.length > 0) throw new Refusal(`Name one folder, not ${positionals.length}.\n\n${usage}`)
  if (web !== undefined && !isWeb(web)) throw new Refusal(`--web is vite, next or none, not ${JSON.stringify(web)}.`)
  return { folder, web, yes, help, version }
}
