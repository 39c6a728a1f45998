import t, { test } from 'tap'
import { createProject, startApi, tryPages } from '../helpers/created-project.ts'
import { openMachine } from '../helpers/machine.ts'

// Each command has its own time.
t.setTimeout(0)

test('two users sign up, add notes and sign in and out in a created Vite project, built as its Dockerfile says', async (t) => {
  const machine = await openMachine(t)
  const { url, stop, unhealthy } = await startApi(t, machine, await createProject(machine, 'vite'))
  await tryPages(t, url)
  await stop()
  await t.rejects(unhealthy(), Error, 'a container that has ended is not healthy')
})
