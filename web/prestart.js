import '../src/process/runtime.js'

// Without the web app `npm start` continues; build.ts reports the reason.
await import('./build.ts')
process.exitCode = 0
