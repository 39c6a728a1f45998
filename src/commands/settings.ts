import { type Config, loadConfig } from '../config/config.ts'

/** Returns the settings, or ends the process with an error message. */
export function loadSettings(): Config {
  try {
    return loadConfig()
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`)
    process.exit(2)
  }
}
