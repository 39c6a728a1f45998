import './process/runtime.js'

await import('./server.ts')
