// A product without tasks beside a browser, as patient-server.ts.
import { loadConfig } from '../../src/config/config.ts'
import { createLog } from '../../src/logging/log.ts'
import { serve } from '../../src/process/serve.ts'
import type { Product } from '../../src/product/product.ts'
import { product } from '../product/notes/product.ts'
import { cheapestHash, patient } from './patient.ts'

const counted: Product = {
  ...product,
  // A product that no program may use.
  ...(process.env.TEST_WITHOUT_SCOPES && { routes: {}, scopes: [] }),
  usage: { numbers: { notes: 'How many notes there are' }, read: async () => ({ notes: 7 }) }
}
const config = loadConfig(undefined, undefined, product.settings, product.api?.title)
await serve({ ...config, ...patient, bcryptCost: cheapestHash }, createLog(config.logLevel), counted)
