import { parseArgs } from 'node:util'

/** What the command line (`--workers 4`) says, as settings by their names. Complains of what it does not know. */
export function argumentSettings(args: string[], complain: (problem: string) => void): Record<string, string> {
  try {
    const { values } = parseArgs({ args, options: { workers: { type: 'string' } } })
    return values.workers === undefined ? {} : { WORKERS: values.workers }
  } catch (error) {
    complain((error as Error).message)
    return {}
  }
}
