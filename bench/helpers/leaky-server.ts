import { buildApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config/config.ts'

/** Microseconds of a deliberate delay for known accounts, which bench/timing.ts must detect. */
const leak = Number(process.env.LEAK)

const config = loadConfig()
const app = await buildApp({ config })
await app.migrate()
await app.revocations.catchUp()
app.server.prependListener('request', ({ headers }) => {
  const end = performance.now() + leak / 1000
  while (headers['x-known'] === 'yes' && performance.now() < end);
})
await app.listen({ host: config.host, port: config.port })
process.stdout.write(`listens on ${app.listeningOrigin} \n`)
