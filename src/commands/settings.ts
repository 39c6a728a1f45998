import { type Config, loadConfig } from '../config/config.ts'
import type { Specs } from '../config/product-settings.ts'

/** Returns the settings, also those of a product, or ends the process with an error message. */
export function loadSettings(further?: Specs): Config {
  try {
    return loadConfig(undefined, undefined, further)
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`)
    process.exit(2)
  }
}
