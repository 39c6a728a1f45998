import { test } from 'tap'
import { loadConfig } from '../../src/config/config.ts'

const load = (settings: Record<string, string>) =>
  loadConfig({ BETTER_AUTH_SECRET: 'a-long-value-that-only-the-tests-know', ...settings })

test('start and shutdown times are durations', async (t) => {
  t.match(load({}), { databaseWait: 30, drainDelay: 0 })
  t.match(load({ DATABASE_WAIT: '2m' }), { databaseWait: 120 })
  for (const [text, drainDelay] of [
    ['0', 0],
    ['0s', 0],
    ['1.5s', 1.5],
    ['1h', 3600]
  ] as const)
    t.match(load({ DRAIN_DELAY: text }), { drainDelay })
})

test('both names of the URL scheme are accepted', async (t) => {
  t.match(load({ DATABASE_URL: 'postgresql://db/x' }), { databaseUrl: 'postgresql://db/x' })
})

test('contradictory database settings are refused', async (t) => {
  const refused: [Record<string, string>, RegExp][] = [
    ...['mysql://db/x', 'db', 'postgres://u:hush-hush@db:port/x'].map((url): [Record<string, string>, RegExp] => [
      { DATABASE_URL: url },
      /^((?!hush).)*DATABASE_URL: is not a postgres((?!hush).)*$/s
    ]),
    [{ DATABASE_WAIT: '0s' }, /DATABASE_WAIT/],
    [{ DATABASE_WAIT: '30' }, /DATABASE_WAIT/],
    ...['5', '-5s', '2h', 'soon'].map((text): [Record<string, string>, RegExp] => [
      { DRAIN_DELAY: text },
      /DRAIN_DELAY/
    ]),
    [{ DATABASE_DIRECT_URL: 'db' }, /DATABASE_DIRECT_URL: is not a postgres/],
    [{ DATABASE_REPLICA_URL: 'db' }, /DATABASE_REPLICA_URL: is not a postgres/],
    [
      { DATABASE_DIRECT_URL: 'postgres://db/x', DATABASE_REPLICA_URL: 'postgres://db/y', BCRYPT_COST: '99' },
      /BCRYPT_COST.*DATABASE_DIRECT_URL: requires DATABASE_URL.*DATABASE_REPLICA_URL: requires DATABASE_URL/s
    ]
  ]
  for (const [settings, message] of refused) t.throws(() => load(settings), { message })
})

test('the number of connections is bounded', async (t) => {
  t.match(load({}), { maxConnections: 2_000 })
  t.match(load({ MAX_CONNECTIONS: '10' }), { maxConnections: 10 })
  for (const MAX_CONNECTIONS of ['9', '0', 'many', '1000001'])
    t.throws(() => load({ MAX_CONNECTIONS }), /MAX_CONNECTIONS: must be a whole number from 10 to 1000000/)
})
