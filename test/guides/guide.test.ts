import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'tap'
import { applyDiff, blocksOf, patternOf, typeGuide } from '../helpers/guide.ts'
import '../helpers/without-database.ts'

const root = join(import.meta.dirname, '../..')
const fence = '```'

/** A page in the repository, for one test. */
function write(t: { teardown: (remove: () => void) => void }, text: string): string {
  const path = `web/report-guide/${crypto.randomUUID()}.md`
  mkdirSync(join(root, 'web/report-guide'), { recursive: true })
  writeFileSync(join(root, path), text.replaceAll('~~~', fence))
  t.teardown(() => rmSync(join(root, path)))
  return path
}

// What goes on in the second terminal prints by itself, because a shell between two commands can miss a Ctrl+C.
test('a page is executed: files are written, diffs applied, and commands run, also in a second terminal', async (t) => {
  const page = write(
    t,
    `
~~~sh
mkdir app && cd app
name=Ann
~~~

\`src/names.txt\`

~~~txt
Ann
Ben
Eve
~~~

~~~diff title="src/names.txt"
 Ben
-Eve
+Zoe
~~~

~~~sh
cat src/names.txt
echo "Hello $name at $RANDOM" && pwd
~~~

~~~text
Ann
Ben
Zoe
Hello Ann at ...
.../app
~~~

~~~sh terminal=2
echo old >state
exec node -e '
  process.on("SIGINT", () => process.exit(fs.writeFileSync("state", "stopped")))
  setInterval(() => console.log("ready at " + process.env.PORT), 5)'
~~~

~~~text
ready at 8000
~~~

~~~sh
cat state
~~~

~~~text
old
~~~

~~~sh terminal=2
exec node -e 'setInterval(() => console.log(fs.readFileSync("state", "utf8")), 5)'
~~~

~~~text
stopped
~~~
`
  )
  const folder = await typeGuide(t, page, { env: { PORT: '4711' }, places: { 'at 8000': 'at 4711' } })
  t.equal(await readFile(join(folder, 'src/names.txt'), 'utf8'), 'Ann\nBen\nZoe\n')
})

test('a page with a wrong block fails, and the message has its file and line', async (t) => {
  const cases = {
    'a command that fails': ['~~~sh\ntrue\nfalse\necho on\n~~~\n', /md:1 failed/],
    'a terminal that ends': ['~~~sh terminal=2\necho no >&2\n~~~\n\n~~~text\nready\n~~~\n', /md:1 ended.*no/s],
    'a terminal of which nothing is shown': ['~~~sh terminal=2\ntrue\n~~~\n', /show what terminal 2 prints/],
    'a diff of other lines': ['~~~sh\necho a >x\n~~~\n\n~~~diff title="x"\n-b\n+c\n~~~\n', /md:5 has .* 0 times/],
    'a block that nobody types': ['~~~ts\nlet x\n~~~\n', /md:1: a block that is neither/],
    'output of nothing': ['~~~text\nx\n~~~\n', /md:1: a block that is neither/]
  } as const
  for (const [what, [text, message]] of Object.entries(cases))
    await t.rejects(typeGuide(t, write(t, text)), { message }, what)
  await t.rejects(typeGuide(t, write(t, 'x\n'), { places: { y: 'z' } }), /has no y/)
})

test('shown output stands for all that is printed', (t) => {
  const shows = (shown: string, printed: string) => new RegExp(`^${patternOf(shown)}$`).test(printed)
  t.ok(shows('{"id":"...","n":1}\n', '{"id":"x-y","n":1}'))
  t.notOk(shows('{"id":"...","n":1}\n', '{"id":"x","more":"y","n":1}'))
  t.ok(shows('first\n...\nlast', 'first\n2\n3\nlast'))
  t.notOk(shows('first', 'first\n2'))
  t.notOk(shows('a.c', 'abc'))
  t.end()
})

test('blocks have the path of their file from their own line or from the line before', (t) => {
  const page = 'Text\n\n`a.ts`\n\n~~~ts\nx\n~~~\n\n~~~ts title="b.ts"\ny\n~~~\n\nsee `c.ts`\n\n~~~sh\nz\n~~~\n'
  const blocks = blocksOf(page.replaceAll('~~~', fence))
  t.strictSame(
    blocks.map(({ title, line, follows }) => ({ title, line, follows })),
    [
      { title: 'a.ts', line: 5, follows: false },
      { title: 'b.ts', line: 9, follows: true },
      { title: undefined, line: 15, follows: false }
    ]
  )
  t.end()
})

test('a diff changes whole lines that are in the file once', (t) => {
  t.equal(applyDiff('a\nab\nb\n', ' ab\n-b\n+c\n+$&\n', 'x'), 'a\nab\nc\n$&\n')
  t.equal(applyDiff('b\n', '+a\n b\n', 'x'), 'a\nb\n')
  t.throws(() => applyDiff('b\nb\n', '-b\n+c\n', 'x'), /x has the lines of the diff 2 times/)
  t.throws(() => applyDiff('ab\n', '-b\n+c\n', 'x'), /0 times/)
  t.end()
})
