import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import type { Test } from 'tap'
import { installing, settled, until } from './wait.ts'

/**
 * Types a guide: what its blocks say, in their order, in an empty folder. A fenced block is one of these; any other is an error.
 *
 *   ```sh                        commands, in one shell for the whole page, which ends at the first command that fails
 *   ```sh terminal=2             the same in another terminal, in the folder where the first one is. They go on until the next block of
 *                                that terminal, which begins with Ctrl+C
 *   ```json, ```text             directly after commands, or with the word `output`: what they print, on standard output alone. `...`
 *                                stands for text that varies, and a line `...` for lines. In another terminal: what it prints once it
 *                                is ready
 *   ```ts title="src/app.ts"     a file with this content; the name can also be in the line before, as `src/app.ts`
 *   ```diff title="src/app.ts"   lines of that file: `-` ones are replaced by `+` ones, among unchanged ones that begin with a space
 */

interface Block {
  language: string
  words: string
  text: string
  /** The path in the block's first line, or in the line before it. */
  title: string | undefined
  /** Whether only blank lines are between this block and the one before. */
  follows: boolean
  line: number
}

/** The fenced blocks of a page. */
export function blocksOf(page: string): Block[] {
  let end = 0
  return [...page.matchAll(/^```(\w*)([^\n]*)\n(.*?)^```$/gms)].map((match) => {
    const [whole, language = '', words = '', text = ''] = match
    const between = page.slice(end, match.index)
    const before = /(?:^|\n)`([^`\s]+)`:?\n+$/.exec(between)?.[1]
    const follows = end > 0 && between.trim() === ''
    end = match.index + whole.length
    const title = /\btitle="([^"]+)"/.exec(words)?.[1] ?? before
    return { language, words, text, title, follows, line: page.slice(0, match.index).split('\n').length }
  })
}

const literal = (text: string) => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')

/** A pattern for output in which `...` stands for what varies. */
export const patternOf = (printed: string): string =>
  printed
    .trim()
    .split('\n')
    .map((line) => (line.trim() === '...' ? '[^]*?' : line.trimEnd().split('...').map(literal).join('[^"\\n]*?')))
    .join('\\s*\\n')

/** The lines of a diff replace those that it shows, which must be in the file once. */
export function applyDiff(source: string, diff: string, path: string): string {
  const lines = source.split('\n')
  const shown = diff.split('\n').slice(0, -1)
  const side = (sign: string) => shown.filter((line) => line[0] !== sign).map((line) => line.slice(1))
  const old = side('+')
  const places = [...lines.keys()].filter((start) => old.every((line, index) => line === lines[start + index]))
  const [start, ...more] = places
  if (start === undefined || more.length > 0)
    throw new Error(
      `${path} has the lines of the diff ${start === undefined ? 0 : more.length + 1} times:\n${old.join('\n')}`
    )
  return lines.toSpliced(start, old.length, ...side('-')).join('\n')
}

/** Without what tap, npm and the tests add. npm takes packages from its cache where they are. */
function environment(more: Record<string, string>) {
  const own = /^(NODE_|TAP|_TAPJS|npm_|INIT_CWD$|DATABASE_|DATA_DIR$|TEST_|BETTER_AUTH_|PORT$|CI$)/
  const inherited = Object.entries(process.env).filter(([name]) => !own.test(name))
  const quiet = { npm_config_audit: 'false', npm_config_fund: 'false', npm_config_update_notifier: 'false' }
  const path = [dirname(process.execPath), process.env.PATH].join(delimiter)
  return { ...Object.fromEntries(inherited), PATH: path, ...quiet, npm_config_prefer_offline: 'true', ...more }
}

interface Options {
  /** Texts of the page and what takes their place, such as an address with a free port. Each must be on the page. */
  places?: Record<string, string>
  /** Variables of every terminal. */
  env?: Record<string, string>
}

/** Types a page (a path from the root, such as `docs/guides/notes.md`), and returns the folder where it did. */
export async function typeGuide(t: Test, path: string, { places = {}, env = {} }: Options = {}): Promise<string> {
  let page = await readFile(new URL(`../../${path}`, import.meta.url), 'utf8')
  for (const [place, value] of Object.entries(places)) {
    if (!page.includes(place)) throw new Error(`${path} has no ${place}`)
    page = page.replaceAll(place, value)
  }
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse_guide_'))
  t.teardown(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }))
  const script = await mkdtemp(join(tmpdir(), 'gatehouse_typed_'))
  t.teardown(() => rm(script, { recursive: true, force: true }))
  const variables = environment(env)
  let place = folder

  /** A shell as a process group, whose end the test waits for. */
  function open(args: string[], cwd: string) {
    const child = spawn('bash', args, { cwd, env: variables, detached: true, stdio: ['pipe', 'pipe', 'pipe'] })
    const output = { stdout: '', stderr: '' }
    for (const name of ['stdout', 'stderr'] as const)
      child[name].on('data', (chunk) => {
        output[name] += chunk
      })
    const closed = once(child, 'close')
    const signal = (name: NodeJS.Signals) => {
      try {
        process.kill(-(child.pid as number), name)
      } catch {} // it has ended
    }
    t.teardown(() => signal('SIGKILL'))
    return { child, output, signal, closed, isOver: () => hasEnded(child) }
  }

  const main = open(['-o', 'pipefail', '-e'], folder)
  const others = new Map<string, ReturnType<typeof open>>()

  /** Runs commands in the first terminal, and returns what they print. */
  async function run(text: string, where: string): Promise<string> {
    const file = join(script, 'block.sh')
    await writeFile(file, text)
    const mark = `--- ${crypto.randomUUID()} ---`
    const from = main.output.stdout.length
    main.child.stdin.write(`. ${file} </dev/null; echo; echo "${mark}$PWD${mark}"\n`)
    const done = await until(
      `the commands of ${where}`,
      () => {
        const printed = main.output.stdout.slice(from)
        if (!printed.includes(mark) && main.isOver())
          throw new Error(`${where} failed:\n${text}\n${printed}\n${main.output.stderr.slice(-10_000)}`)
        return printed.split(mark).length > 2 && printed
      },
      installing
    )
    const [printed = '', cwd = ''] = done.split(mark)
    place = cwd
    return printed.trim()
  }

  /** Presses Ctrl+C in another terminal, and types commands that go on. */
  async function start(name: string, text: string, where: string) {
    await stop(name, where)
    const terminal = open(['-o', 'pipefail', '-ec', text], place)
    others.set(name, terminal)
    return terminal
  }

  async function stop(name: string, where: string): Promise<void> {
    const terminal = others.get(name)
    terminal?.signal('SIGINT')
    if (terminal) await settled(`the end of terminal ${name} before ${where}`, terminal.closed)
  }

  const blocks = blocksOf(page)
  for (const [index, { language, words, text, title, follows, line }] of blocks.entries()) {
    const where = `${path}:${line}`
    const file = title && join(place, title)
    if (file && language === 'diff') await writeFile(file, applyDiff(await readFile(file, 'utf8'), text, where))
    else if (file) {
      await mkdir(dirname(file), { recursive: true })
      await writeFile(file, text)
    } else if (language === 'sh') {
      const [, terminal] = /\bterminal=(\w+)/.exec(words) ?? []
      const next = blocks[index + 1]
      const shown = next && isOutput(next) ? patternOf(next.text) : undefined
      if (terminal === undefined) {
        const printed = await run(text, where)
        if (shown !== undefined) t.match(printed, new RegExp(`^${shown}$`), where)
      } else {
        const { output, isOver } = await start(terminal, text, where)
        if (shown === undefined) throw new Error(`${where}: show what terminal ${terminal} prints when it is ready`)
        await until(`${shown} in terminal ${terminal}`, () => {
          if (new RegExp(shown).test(output.stdout)) return true
          if (isOver()) throw new Error(`${where} ended:\n${text}\n${output.stdout}\n${output.stderr}`)
          return false
        })
      }
    } else if (!(isOutput({ language, words, follows }) && blocks[index - 1]?.language === 'sh'))
      throw new Error(`${where}: a block that is neither commands, nor their output, nor a file`)
  }
  for (const name of others.keys()) await stop(name, 'the end')
  return place
}

const hasEnded = ({ exitCode, signalCode }: ChildProcess) => exitCode !== null || signalCode !== null

const isOutput = ({ language, words, follows }: Pick<Block, 'language' | 'words' | 'follows'>): boolean =>
  (language === 'json' || language === 'text') && (follows || /\boutput\b/.test(words))
