import { type Config, loadConfig } from '../config/config.ts'

/** The settings, or the end of the command with what is wrong about them. */
export function settings(): Config {
  try {
    return loadConfig()
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`)
    process.exit(2)
  }
}
