import '../src/process/runtime.js'

// Where the front end cannot be built, `npm start` goes on without: build.ts says so.
await import('./build.ts')
process.exitCode = 0
