import { test } from 'tap'
import { loadConfig } from '../../src/config/config.ts'

const load = (settings: Record<string, string>, args?: string[]) =>
  loadConfig({ BETTER_AUTH_SECRET: 'a-long-value-that-only-the-tests-know', ...settings }, args)

test('REDIS_URL accepts URLs with and without TLS', async (t) => {
  t.equal(load({}).redisUrl, undefined)
  for (const url of ['redis://localhost', 'rediss://ann:p%40ss@redis.example:6380/2', 'redis://:x@[::1]:6379/'])
    t.equal(load({ REDIS_URL: url }).redisUrl, url)
  t.equal(load({ REDIS_URL: 'redis://localhost', RATE_LIMIT_ENABLED: 'false' }).redisUrl, undefined, 'nothing to count')
})

test('a URL that the driver would misread is refused', async (t) => {
  const hidden = ['localhost:6379', 'REDISS://:hush-hush@db', 'redis://:hush-hush@db/x', 'redis://:hush-hush@db:port']
  for (const url of [...hidden, 'redis://:hush-hush%zz@db', 'redis://:hush-hush@db?tls=false', '/tmp/redis.sock'])
    t.throws(() => load({ REDIS_URL: url }), { message: /^((?!hush).)* {2}- REDIS_URL: ((?!hush).)*$/s }, url)
})

const DATABASE_URL = 'postgres://localhost/tasks'

test('the number of workers comes from the command line or the environment, in this order', async (t) => {
  t.match(load({}), { workers: 1, worker: undefined })
  t.match(load({ DATABASE_URL, WORKERS: '64', GATEHOUSE_WORKER: '3' }), { workers: 64, worker: 3 })
  t.match(load({ DATABASE_URL, WORKERS: '2' }, ['--workers', '4']), { workers: 4 })
  t.match(load({ DATABASE_URL }, ['--workers=8']), { workers: 8 })
  t.match(load({}, ['--workers=1']), { workers: 1 })
})

test('impossible numbers of workers are reported with the other problems', async (t) => {
  const refused: [Record<string, string>, string[], RegExp][] = [
    [{}, ['--workers', '2'], /WORKERS: more than one worker requires DATABASE_URL/],
    [{ DATABASE_URL: 'db', WORKERS: '2' }, [], /^((?!WORKERS).)*$/s],
    [{ DATABASE_URL, WORKERS: '0' }, [], /WORKERS: /],
    [{ DATABASE_URL, WORKERS: '2.5' }, [], /WORKERS: /],
    [{ DATABASE_URL, WORKERS: '2' }, ['--workers=65'], /WORKERS: /],
    [{ PORT: 'x' }, ['--wrokers=2'], /--wrokers.*PORT: /s],
    [{ PORT: 'x' }, ['4'], /'4'.*PORT: /s]
  ]
  for (const [settings, args, message] of refused) t.throws(() => load(settings, args), { message }, `${message}`)
})
