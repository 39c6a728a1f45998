import { start } from '@gatehouse/server'
import { product } from './product.ts'

await start(product)
