import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'tap'
import { servePatiently } from '../helpers/process.ts'
import { cloneTemplate } from '../helpers/template.ts'
import type { Connect } from './client.ts'
import { generators } from './generators.ts'
import { shell } from './programs.ts'

const generated = join(import.meta.dirname, 'generated')
const password = 'correct-horse-7'

test('each generator makes a client of the contract that compiles under strict and works', async (t) => {
  await rm(generated, { recursive: true, force: true })
  await mkdir(generated)
  for (const [name, command] of Object.entries(generators)) {
    await shell(command)
    t.pass(`${name} generates a client`)
  }
  await shell('../../node_modules/.bin/tsc -p .')
  t.pass('they compile under strict, with the types of our own client')

  const database = await cloneTemplate()
  t.teardown(database.remove)
  const { url } = await servePatiently(t, { ...database.settings, LOG_LEVEL: 'warn', RATE_LIMIT_ENABLED: 'false' })
  for (const name of Object.keys(generators))
    await t.test(
      `${name}: its client signs up and in, creates, completes and deletes a task, and reads a problem`,
      async (t) => {
        const adapter = join(generated, `compiled/test/clients/adapters/${name}.js`)
        const { connect } = (await import(adapter)) as { connect: Connect }
        const anyone = await connect(url)
        const email = `${name}@example.com`
        t.match(await anyone.register({ email, name: 'Ann', password }), { user: { email } })
        const { access_token: token } = await anyone.login({ email, password })

        const ann = await connect(url, token)
        const { id, ...task } = await ann.createTask({ title: 'Water the plants', description: 'Twice' })
        t.match(task, { title: 'Water the plants', description: 'Twice', completed: false })
        t.equal((await ann.completeTask(id, true)).completed, true)
        const { items, next_cursor } = await ann.listTasks({ status: 'completed', limit: 10 })
        t.strictSame(
          items.map((item) => item.id),
          [id]
        )
        t.equal(next_cursor, null)
        await ann.deleteTask(id)
        t.match(await ann.missingTask(id), { status: 404, code: 'not_found', detail: 'Task not found' })
      }
    )
})
