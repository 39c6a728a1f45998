import { resolve } from 'node:path'
import { test } from 'tap'
import { loadConfig } from '../../src/config/config.ts'
import { welcome } from '../../src/process/banner.ts'

const origin = 'http://127.0.0.1:8000'
const strong = 'hZ0vT3cQ9mWk2RxLbYp7sJdN5fUaE8gC'
const say = (settings: object) => welcome(origin, loadConfig({ BETTER_AUTH_SECRET: strong, ...settings }))

test('the banner of the start has the address, its pages, the database and a first command', async (t) => {
  const text = say({ DATA_DIR: 'data' })
  for (const part of [
    origin,
    `${origin}/docs`,
    `embedded, in ${resolve('data')}`,
    `curl -s ${origin}/api/auth/register`
  ])
    t.match(text, part)
  t.not(say({}), say({}), 'each suggests an address of its own')
})

test('in production the banner is one line of JSON', async (t) => {
  const text = say({ NODE_ENV: 'production', DATA_DIR: 'data' })
  t.equal(text.indexOf('\n'), text.length - 1)
  t.match(JSON.parse(text), { msg: 'listening', url: origin, docs: `${origin}/docs`, database: /^embedded/ })
})

test('the database is named without its password', async (t) => {
  for (const NODE_ENV of ['production', 'development']) {
    const text = say({ NODE_ENV, DATABASE_URL: 'postgres://ann:hush%21@db.example:5433/tasks?password=hush' })
    t.match(text, 'postgres://db.example:5433/tasks')
    t.notMatch(text, /ann:|hush/)
  }
})
