import '../process/runtime.js'

await import('./prepare.ts')
