import t, { test } from 'tap'
import { tasksRepository } from '../../src/repositories/tasks.ts'
import { usersRepository } from '../../src/repositories/users.ts'
import { startApp } from '../helpers/app.ts'

const { app, signUp } = await startApp(t)
const ann = await signUp()

const isRising = (times: (string | undefined)[]) =>
  times.every((time, i) => i === 0 || Date.parse(time ?? '') > Date.parse(times[i - 1] ?? ''))

test('changes of a task within one millisecond have an updated_at each: no two versions share an ETag', async (t) => {
  const times = await app.db.transaction().execute(async (trx) => {
    // Within a transaction, now() is constant.
    const tasks = tasksRepository(trx)
    const { id, updated_at } = await tasks.insert(ann.id, { title: 'Milk' })
    const changes = [
      () => tasks.update(ann.id, id, { title: 'Oats' }),
      () => tasks.update(ann.id, id, { title: 'Oats' }),
      () => tasks.update(ann.id, id, { completed: true }),
      () => tasks.toggle(ann.id, id),
      () => tasks.toggle(ann.id, id)
    ]
    const times: (string | undefined)[] = [updated_at]
    for (const change of changes) times.push((await change())?.updated_at)
    return times
  })
  t.equal(times.length, 6)
  t.ok(isRising(times), times.join())
})

test('changes of a profile within one millisecond have an updated_at each', async (t) => {
  const times = await app.db.transaction().execute(async (trx) => {
    const users = usersRepository(trx)
    const names = ['Ann', 'Anna', 'Anna', 'Anne']
    const times = []
    for (const name of names) times.push((await users.update(ann.id, { name }))?.updated_at)
    return times
  })
  t.ok(isRising(times), times.join())
})

test("a foreign user's updated_at moves only when the email, its claim or the name does, and then always", async (t) => {
  const times = await app.db.transaction().execute(async (trx) => {
    const users = usersRepository(trx)
    const times = []
    for (const [name, email_verified] of [['Fay'], ['Fay', false], [], ['Faye'], ['Faye', true], []] as const) {
      await users.keepForeign({ issuer: 'i', subject: 's', email: 'fay@example.com', email_verified, name })
      const found = await users.findForeign('i', 's')
      times.push((await users.find(found?.id ?? ''))?.updated_at)
    }
    return times
  })
  t.strictSame([times[1], times[2]], [times[0], times[0]])
  t.ok(isRising([times[0], times[3], times[4]]))
  t.equal(times[5], times[4])
})
