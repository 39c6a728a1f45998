import { enableCompileCache } from 'node:module'

// JavaScript, so that what reads TypeScript is not even loaded once the rest is in the cache: 18 MB less, and a start in half the time.
enableCompileCache(`${import.meta.dirname}/../node_modules/.cache/gatehouse`)
await import('./server.ts')
