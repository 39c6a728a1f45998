import { start } from '../../../src/index.ts'
import { product } from './product.ts'

await start(product)
