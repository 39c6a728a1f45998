import module from 'node:module'

// This file must parse on Node.js 20: older versions fail on the other files with a SyntaxError.
const oldest = 24
if (Number.parseInt(process.versions.node, 10) < oldest) {
  process.stderr.write(
    `Gatehouse needs Node.js ${oldest} or later, and this is ${process.version}: use npm start after an npm ci that may run install scripts, which brings Node.js ${oldest}, or install a newer Node.js.\n`
  )
  process.exit(1)
}

// With compiled code in the cache, the TypeScript loader is not needed: 18 MB less memory, and half the start time.
module.enableCompileCache(`${import.meta.dirname}/../../node_modules/.cache/gatehouse`)
