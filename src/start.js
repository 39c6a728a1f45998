import { enableCompileCache } from 'node:module'
import { setFlagsFromString } from 'node:v8'

// JavaScript, so that what reads TypeScript is not even loaded once the rest is in the cache: 18 MB less, and a start in half the time.
enableCompileCache(`${import.meta.dirname}/../node_modules/.cache/gatehouse`)
// V8 decides anew after each major collection how far the heap may grow until the next: by a tenth or to four times its size, as fast as
// that collection happened to be, and the process keeps what it took. So it always doubles: by less, and the holes that are too small
// to be used add up for half an hour.
setFlagsFromString('--heap-growing-percent=100')
await import('./server.ts')
