import { test } from 'tap'
import { welcome } from '../../src/process/banner.ts'
import { commandText, nameProgram, programText } from '../../src/process/program.ts'

test('a command is shown as the operator types it', (t) => {
  t.equal(commandText('users', 'find'), 'npm run users -- find')
  t.equal(commandText('migrate'), 'npm run migrate')
  t.equal(commandText('export', 'users'), 'npm run --silent export -- users')
  t.equal(programText(), 'npx gatehouse-server')
  nameProgram(`${process.cwd()}/src/server.ts`)
  t.equal(commandText('users', 'find'), 'node src/server.ts users find')
  t.equal(commandText('migrate'), 'node src/server.ts migrate')
  nameProgram('/app/node_modules/.bin/gatehouse-server')
  t.equal(commandText('audit', 'head'), 'npx gatehouse-server audit head')
  nameProgram(undefined)
  t.equal(commandText('audit', 'head'), 'npm run --silent audit -- head')
  t.end()
})

test('the start names the product, and its lines are aligned', (t) => {
  const config = { production: false, appName: 'My notes', databaseUrl: undefined, dataDir: '.gatehouse' }
  const lines = welcome('http://127.0.0.1:8000', config as Parameters<typeof welcome>[1]).split('\n')
  t.match(lines[1], /^ {2}My notes listens on {2}http:/)
  t.match(lines[2], /^ {2}Documentation {8}http:/)
  t.end()
})
