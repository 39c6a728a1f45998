import { type Config, loadConfig } from '../config/config.ts'
import type { Product } from '../product/product.ts'

/** Returns the settings, also those of a product, or ends the process with an error message. */
export function loadSettings({ settings, api }: Pick<Product, 'settings' | 'api'> = {}): Config {
  try {
    return loadConfig(undefined, undefined, settings, api?.title)
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`)
    process.exit(2)
  }
}
