import { text } from 'node:stream/consumers'
import { test } from 'tap'
import Report from './report.ts'

test('the report fails an empty test, and neither a skipped file nor a skipped test', async (t) => {
  // The report would set the exit code of this process.
  t.capture(process, 'once', () => process)
  const report = new Report()
  report.end(`TAP version 14
# Subtest: a.test.ts
    # Subtest: empty
        1..0
    ok 1 - empty
    ok 2 - later # SKIP not today
    1..2
ok 1 - a.test.ts
# Subtest: b.test.ts
    1..0 # has run before
ok 2 - b.test.ts # SKIP has run before
1..2
`)
  const lines = (await text(report)).split('\n')
  t.strictSame(
    lines.filter((line) => line.startsWith('not ok')),
    ['not ok - a.test.ts > empty asserts nothing']
  )
  t.match(lines.at(-2), /^0 passed, 1 failed/)
})
