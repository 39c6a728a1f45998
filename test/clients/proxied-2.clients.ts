import { checkExchanges } from './proxied.ts'

await checkExchanges(1)
