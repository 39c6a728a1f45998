import { test } from 'tap'
import {
  explain,
  isDataException,
  isEmailTaken,
  isLocked,
  isUnavailable,
  isUserGone
} from '../../src/database/failures.ts'

const coded = (code: string, constraint?: string) => Object.assign(new Error('x'), { code, constraint })

const notNow: Record<string, unknown> = {
  'a connection failure': coded('08006'),
  'a serialization failure': coded('40001'),
  'too many connections': coded('53300'),
  'a statement timeout': coded('57014'),
  'an administrator’s shutdown': coded('57P01'),
  'a server that starts up': coded('57P03'),
  'a lock timeout': coded('55P03'),
  'a refused connection': coded('ECONNREFUSED'),
  'an unknown host': coded('ENOTFOUND'),
  'a name server that is away': coded('EAI_AGAIN'),
  'no acquired connection': new Error('timeout expired'),
  'a lost connection': new Error('Connection terminated unexpectedly'),
  'an answer that does not come': new Error('No answer from the database'),
  'a connection given up for that': new Error('Client was closed and is not queryable'),
  'several addresses that refuse': new AggregateError([coded('ECONNREFUSED'), coded('ECONNREFUSED')])
}
for (const [what, error] of Object.entries(notNow))
  test(`${what} counts as temporary`, async (t) => {
    t.equal(isUnavailable(error), true)
    t.equal(isDataException(error), false)
  })

const ours: Record<string, unknown> = {
  'a syntax error': coded('42601'),
  'a missing table': coded('42P01'),
  'a unique violation': coded('23505'),
  'a value out of range': coded('22003'),
  'an object in another state': coded('55000'),
  'a fault without a code': new TypeError('x is not a function'),
  'several faults': new AggregateError([new Error('x')]),
  'what is no error': 'timeout expired',
  nothing: undefined
}
for (const [what, error] of Object.entries(ours))
  test(`${what} counts as permanent`, async (t) => {
    t.equal(isUnavailable(error), false)
  })

test('a lock held by a migration counts as temporary, whichever timeout fires', async (t) => {
  for (const code of ['55P03', '57014']) t.equal(isLocked(coded(code)), true, code)
  for (const other of [coded('57P01'), new Error('55P03'), '57014', undefined]) t.equal(isLocked(other), false)
})

test('a refused value is recognized by its error class', async (t) => {
  for (const code of ['22003', '22021', '22P02', '22P05']) t.equal(isDataException(coded(code)), true, code)
  for (const other of [coded('23505'), new Error('22003'), '22003', undefined]) t.equal(isDataException(other), false)
})

test('a task without its user is recognized by code and constraint', async (t) => {
  t.equal(isUserGone(coded('23503', 'tasks_user')), true)
  for (const error of [coded('23503', 'other'), coded('23505', 'tasks_user'), new Error('tasks_user'), undefined])
    t.equal(isUserGone(error), false)
})

test('a taken address is recognized by code and constraint', async (t) => {
  t.equal(isEmailTaken(coded('23505', 'users_email')), true)
  for (const error of [
    coded('23505', 'users_pkey'),
    coded('23503', 'users_email'),
    new Error('users_email'),
    undefined
  ])
    t.equal(isEmailTaken(error), false)
})

test('the error message for operators names each address', async (t) => {
  const [first, second] = [new Error('connect ECONNREFUSED ::1:5432'), new Error('connect ECONNREFUSED 127.0.0.1:5432')]
  t.equal(explain(first), first.message)
  t.equal(explain(new AggregateError([first, second])), `${first.message}; ${second.message}`)
})
