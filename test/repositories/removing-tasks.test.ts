import t, { test } from 'tap'
import { tasksRepository } from '../../src/repositories/tasks.ts'
import { usersRepository } from '../../src/repositories/users.ts'
import { startApp } from '../helpers/app.ts'
import { statementsWait } from '../helpers/races.ts'
import { server } from '../helpers/template.ts'

const { app, signUp } = await startApp(t)

async function userWithTasks(count: number) {
  const user = await signUp()
  const ids: string[] = []
  for (let made = 0; made < count; made++)
    ids.push((await user.post('/api/tasks', { title: `Task ${made}` })).json().id)
  return { userId: user.id, ids }
}

const removeAll = (userId: string, atOnce: number) =>
  app.db.transaction().execute(async (trx) => {
    await usersRepository(trx).lock(userId)
    await tasksRepository(trx).removeAll(userId, atOnce)
  })

const left = async (userId: string) =>
  (await app.db.selectFrom('tasks').select('id').where('user_id', '=', userId).execute()).length

test('all tasks of one user are removed, whatever the batch size', async (t) => {
  const other = await userWithTasks(2)
  for (const [count, atOnce] of [
    [0, 2],
    [1, 2],
    [2, 2],
    [5, 2]
  ] as const) {
    const { userId } = await userWithTasks(count)
    await removeAll(userId, atOnce)
    t.equal(await left(userId), 0, `${count}, ${atOnce} at once`)
  }
  t.equal(await left(other.userId), 2)
})

test('a removal in several statements and a change of the last task do not lock each other out', {
  skip: !server && 'the embedded engine has one connection'
}, async (t) => {
  const { userId, ids } = await userWithTasks(3)
  let removal: Promise<void> | undefined
  await app.db.transaction().execute(async (trx) => {
    const id = ids[2] as string
    await trx.selectFrom('tasks').select('id').where('id', '=', id).forUpdate().execute()
    removal = removeAll(userId, 1)
    await statementsWait(app.db, 1)
    await trx.updateTable('tasks').set({ title: 'A longer title, which is counted' }).where('id', '=', id).execute()
  })
  await removal
  t.equal(await left(userId), 0)
})
