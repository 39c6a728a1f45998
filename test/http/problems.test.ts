import { test } from 'tap'
import { defineProblem } from '../../src/http/problems.ts'

const noteLocked = { status: 423, code: 'note_locked', detail: 'The note is locked' }

test('a problem of a product has its status, code and detail, and other words or members for one case', async (t) => {
  const make = defineProblem(noteLocked)
  t.strictSame(make.definition, noteLocked)
  const common = { type: 'about:blank', title: 'Locked', status: 423, code: 'note_locked', request_id: 'r' }
  t.strictSame(make().body('r'), { ...common, detail: 'The note is locked' })
  const other = make({ detail: 'It is locked until noon', more: { until: 12 }, headers: { 'retry-after': '1' } })
  t.strictSame(other.body('r'), { ...common, detail: 'It is locked until noon', until: 12 })
  t.strictSame(other.headers, { 'retry-after': '1' })
})

test('a problem of a product has a status from 400 to 599, and a code in snake_case', async (t) => {
  for (const status of [400, 404, 500, 599]) t.equal(defineProblem({ ...noteLocked, status })().status, status)
  for (const code of ['a', 'note', 'note2', 'note_locked', 'note_of_2_users', 'a_b'])
    t.equal(defineProblem({ ...noteLocked, code })().code, code)

  const refused = (wrong: { status?: number; code?: string }) => {
    const { status, code } = { ...noteLocked, ...wrong }
    const message = `The problem ${code} (${status}) needs a code such as note_locked, and a status from 400 to 599`
    t.throws(() => defineProblem({ ...noteLocked, ...wrong }), { message })
  }
  for (const status of [200, 399, 600, -404, 404.5, Number.NaN, Number.POSITIVE_INFINITY]) refused({ status })
  for (const code of [
    '',
    'Note',
    'note-locked',
    'note_',
    '_note',
    'note__locked',
    '2notes',
    'note!',
    ' note',
    'note_É'
  ])
    refused({ code })
})
