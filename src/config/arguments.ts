import { parseArgs } from 'node:util'

/** Returns the settings given on the command line (`--workers 4`). */
export function argumentSettings(args: string[], complain: (problem: string) => void): Record<string, string> {
  try {
    const { values } = parseArgs({ args, options: { workers: { type: 'string' } } })
    return values.workers === undefined ? {} : { WORKERS: values.workers }
  } catch (error) {
    complain((error as Error).message)
    return {}
  }
}
