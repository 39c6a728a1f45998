import { test } from 'tap'
import { createCodes } from '../../../src/auth/factors/codes.ts'
import { problems } from '../../../src/http/problems.ts'
import { clientAt } from '../../helpers/accounts.ts'
import { throttleBy } from '../../helpers/throttle.ts'

const here = clientAt('192.0.2.1')
const there = clientAt('192.0.2.2')
const elsewhere = clientAt('192.0.2.3')
/** Where the owner has logged in from. */
const home = clientAt('198.51.100.1')

/** The limit on wrong codes, by a throttle of its own. */
function start() {
  const events: string[] = []
  const { limit } = createCodes({
    throttle: throttleBy(Date.now),
    log: {
      record: async (event: string) => void events.push(event),
      hasLoggedInFrom: async (_userId: string, prefix: string) => prefix === home.prefix
    },
    clock: Date.now
  } as never)
  const attempt = (work: () => Promise<string | undefined>, { userId = 'ann', from = here } = {}) =>
    limit(userId, from, work).catch(({ code, message }) => code ?? message)
  return { attempt, events }
}
const wrong = async () => undefined

test('after ten wrong codes from one address, further codes are refused without being checked', async (t) => {
  const { attempt, events } = start()
  for (let i = 0; i < 10; i++) t.equal(await attempt(wrong), 'invalid_code')
  t.equal(await attempt(() => t.fail('it must not be tried') as never), 'too_many_requests')
  t.equal(await attempt(wrong, { userId: 'ben' }), 'invalid_code', 'another account')
  t.strictSame(events, [...Array(10).fill('second_factor.failed'), 'second_factor.throttled', 'second_factor.failed'])
})

test('correct codes and internal errors do not count as wrong codes', async (t) => {
  const { attempt } = start()
  const failing = async () => {
    throw problems.unavailable('database')
  }
  for (let i = 0; i < 30; i++) {
    t.equal(await attempt(async () => 'done'), 'done')
    t.equal(await attempt(failing), 'unavailable')
  }
})

test('while others use up all attempts, the owner’s code is accepted from an address where the owner has logged in', async (t) => {
  const { attempt } = start()
  for (const from of [here, there]) for (let i = 0; i < 10; i++) await attempt(wrong, { from })
  const right = async () => 'done'
  t.equal(await attempt(right, { from: elsewhere }), 'too_many_requests')
  for (let i = 0; i < 30; i++) t.equal(await attempt(right, { from: home }), 'done')
  for (let i = 0; i < 10; i++) t.equal(await attempt(wrong, { from: home }), 'invalid_code')
  t.equal(await attempt(right, { from: home }), 'too_many_requests', 'there, too, wrong ones are counted')
})
