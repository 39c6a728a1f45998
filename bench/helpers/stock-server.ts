import cors from '@fastify/cors'
import helmet from '@fastify/helmet'
import jwt from '@fastify/jwt'
import rateLimit from '@fastify/rate-limit'
import Fastify from 'fastify'

/** The official plugins as documented: helmet, CORS, rate limit, `jwtVerify`, and Fastify's own log. */
const app = Fastify({ logger: true })
await app.register(helmet)
await app.register(cors, { origin: ['http://localhost:3000'], credentials: true })
await app.register(rateLimit, { max: 1_000_000_000, timeWindow: '1 minute' })
await app.register(jwt, { secret: process.env.BETTER_AUTH_SECRET ?? '' })

interface Claims {
  sub: string
  email: string
  exp: number
}

const text = { type: 'string' }
const schema = {
  response: { 200: { type: 'object', properties: { user_id: text, email: text, expires_at: text } } }
}
app.get('/api/auth/me', { schema }, async (request) => {
  const { sub, email, exp } = await request.jwtVerify<Claims>()
  return { user_id: sub, email, expires_at: new Date(exp * 1000).toISOString() }
})

console.log(JSON.stringify({ url: await app.listen({ host: '127.0.0.1', port: 0 }) }))
process.on('SIGTERM', () => process.exit())
