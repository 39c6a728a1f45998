import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'tap'
import { proveToken } from '../helpers/notes-service.ts'
import { run, servePatiently } from '../helpers/process.ts'
import { parseXml } from '../helpers/xml.ts'
import '../helpers/without-database.ts'

const secret = 'a-long-value-that-only-the-tests-know'

test('a proof of Gatehouse itself has no finding, and the reports say so', { timeout: 480_000 }, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse_prove_'))
  t.teardown(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }))
  const file = (name: string) => join(folder, name)
  const { url } = await servePatiently(t, {
    DATA_DIR: file('data'),
    BETTER_AUTH_SECRET: secret,
    PROVE_TOKEN: proveToken,
    WEB_DIR: 'none'
  })
  const command = run(
    t,
    'packages/gatehouse/src/cli.ts',
    { GATEHOUSE_PROVE_TOKEN: proveToken, GATEHOUSE_PROVE_SECRET: secret },
    [
      'prove',
      url,
      '--rate',
      '300',
      '--junit',
      file('junit.xml'),
      '--json',
      file('report.json'),
      '--html',
      file('report.html')
    ]
  )
  const { code, stdout, stderr } = await command.ended
  t.equal(code, 0, `${stdout}${stderr}`)
  const report = JSON.parse(await readFile(file('report.json'), 'utf8'))
  t.strictSame([report.incomplete, report.remarks], [undefined, []], 'it came to its end, and deleted its accounts')
  const cases = Object.fromEntries(report.results.map(({ id, cases }: { id: string; cases: number }) => [id, cases]))
  t.ok(cases['tokens.refused'] > 380, `${cases['tokens.refused']} hostile tokens`)
  for (const [id, least] of Object.entries({
    'protected.open': 100,
    'isolation.read': 8,
    'isolation.write': 12,
    'isolation.exists': 15,
    'sessions.rotation': 1,
    'sessions.reuse': 1,
    'sessions.theft': 1
  }))
    t.ok(cases[id] >= least, `${id}: ${cases[id]}`)
  const html = await readFile(file('report.html'), 'utf8')
  t.notMatch(html, /<script|src=|@import|url\(/, 'the page loads nothing')
  for (const text of [stdout, html, JSON.stringify(report)])
    t.notMatch(text, /eyJ[\w-]{10}|0123456789abcdef/, 'no token is shown')
  const { name, attributes, children } = parseXml(await readFile(file('junit.xml'), 'utf8'))
  t.match(
    { name, attributes },
    { name: 'testsuites', attributes: { failures: '0', tests: String(report.results.length) } }
  )
  t.equal(children.flatMap((suite) => suite.children).length, report.results.length)
})
