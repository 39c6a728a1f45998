import t, { test } from 'tap'
import { createProject, startApi, tryPages } from '../helpers/created-project.ts'
import { buildImage } from '../helpers/dockerfile.ts'
import { openMachine } from '../helpers/machine.ts'
import { unusedPort } from '../helpers/ports.ts'

// Each command has its own time.
t.setTimeout(0)

test('two users sign up, add notes and sign in and out in a created Next.js project, built as its Dockerfile says', async (t) => {
  const machine = await openMachine(t)
  const project = await createProject(machine, 'next')
  const { url: api } = await startApi(t, machine, project)
  const { folder, env, command } = await buildImage(machine, project, { target: 'web', args: { GATEHOUSE_URL: api } })
  const port = String(await unusedPort())
  const settings = { ...env, PORT: port, HOSTNAME: '127.0.0.1' }
  const web = await machine.serve({ cwd: folder, env: settings }, /Local:\s+(http:\S+)[\s\S]*Ready in/, ...command)
  await tryPages(t, web.url)
  t.notMatch(web.output(), /⨯|Error/)
})
