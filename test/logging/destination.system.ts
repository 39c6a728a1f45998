import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants, openSync, readFileSync, readSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { type Test, test } from 'tap'
import { createDestination } from '../../src/logging/destination.ts'
import { settled, until } from '../helpers/wait.ts'
import '../helpers/without-database.ts'

/** A pipe, with what can be read from it now. */
function pipe(t: Test) {
  const file = join(t.testdir(), 'pipe')
  execFileSync('mkfifo', [file])
  const reading = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK)
  const buffer = Buffer.alloc(1024 * 1024)
  function read(): string {
    try {
      return buffer.toString('latin1', 0, readSync(reading, buffer))
    } catch {
      return ''
    }
  }
  return { fd: openSync(file, constants.O_WRONLY | constants.O_NONBLOCK), read }
}

test('lines of any length and script are written in order', async (t) => {
  const file = join(t.testdir(), 'lines')
  const log = createDestination(openSync(file, 'w'))
  const lines = Array.from({ length: 600 }, (_, i) => `${i} ${'häß€🙂'.repeat(i)}\n`)
  lines.splice(300, 0, `${'€'.repeat(100_000)}\n`, `${'x'.repeat(70_000)}\n`)
  for (const line of lines) log.write(line)
  const all = lines.join('')
  await until('all lines', () => readFileSync(file, 'utf8').length >= all.length)
  t.equal(readFileSync(file, 'utf8'), all)
})

test('a slow reader gets every line that fitted into the buffer, in order', async (t) => {
  const { fd, read } = pipe(t)
  const log = createDestination(fd, 1_000_000)
  const line = (i: number) => `${String(i).padStart(9_999)}\n`
  for (let i = 0; i < 300; i += 1) log.write(line(i))
  let got = ''
  const gets = (what: string, condition: () => boolean) =>
    until(what, () => {
      got += read()
      return condition()
    })
  await gets('what there was room for', () => got.length >= 1_000_000)
  // The last line, after which all lines have been read.
  log.write('the last\n')
  await gets('the last line', () => got.endsWith('the last\n'))
  const kept = got.split('\n').slice(0, -2)
  t.equal(kept.length, 100, `${kept.length} of 300 lines waited`)
  t.strictSame(
    kept.map(Number),
    Array.from(kept, (_, i) => i)
  )
})

/** Runs a script in a separate process until it ends. */
function ending(t: Test, script: string, stdout: number | 'pipe') {
  const writer = new URL('../../src/logging/destination.ts', import.meta.url)
  const code = `import { createDestination } from '${writer}'\nconst log = createDestination(process.stdout.fd)\n${script}`
  return started(t, process.execPath, ['--input-type=module', '-e', code], stdout)
}

/** A process, and what it ends with. */
function started(t: Test, command: string, args: string[], stdout: number | 'pipe' | 'inherit') {
  const child = spawn(command, args, { stdio: ['ignore', stdout, 'inherit'] })
  t.teardown(() => child.kill('SIGKILL'))
  const code = settled('the process to end', once(child, 'close')).then(([code]) => code)
  return { child, code }
}

test('lines that are still buffered when the process ends are written', async (t) => {
  const { child, code } = ending(t, `for (let i = 0; i < 30_000; i += 1) log.write(i + '\\n')\nprocess.exit(3)`, 'pipe')
  let got = ''
  child.stdout?.setEncoding('utf8').on('data', (text) => {
    got += text
  })
  t.equal(await code, 3)
  const all = Array.from({ length: 30_000 }, (_, i) => `${i}\n`).join('')
  t.ok(got === all, 'each line, in order')
})

/** A full pipe that nobody reads. */
function fullPipe(t: Test): number {
  const { fd } = pipe(t)
  const page = 'x'.repeat(4_096)
  try {
    while (writeSync(fd, page) > 0);
  } catch {
    // EAGAIN
  }
  return fd
}

test('neither an unread pipe nor a full disk keeps the process from ending', async (t) => {
  for (const fd of [fullPipe(t), openSync('/dev/full', 'w')]) {
    const { code } = ending(t, `log.write('x'.repeat(200_000))\nlog.write('y')\nprocess.exit(3)`, fd)
    t.equal(await code, 3)
  }
})

test('the process survives a full disk and a reader that is gone, and can end', async (t) => {
  // Without a reader, pino writes nothing more.
  const script = `log.once('error', ({ code }) => {
      log.write('y\\n')
      if (code === 'EPIPE') setImmediate(() => process.exit(3))
      else log.once('error', () => process.exit(3))
    })
    log.write('x'.repeat(200_000) + '\\n')`
  t.equal(await ending(t, script, openSync('/dev/full', 'w')).code, 3)
  const { child, code } = ending(t, script, 'pipe')
  child.stdout?.destroy()
  t.equal(await code, 3)
})

test('lines that a full disk refused are written when there is room', async (t) => {
  const file = join(t.testdir(), 'lines')
  // A limit on the file size stands in for a full disk.
  const code = `import { createDestination } from '${new URL('../../src/logging/destination.ts', import.meta.url)}'
    import { execFileSync } from 'node:child_process'
    import { openSync, statSync } from 'node:fs'
    process.on('SIGXFSZ', () => {})
    const log = createDestination(openSync('${file}', 'w'))
    log.once('error', () => execFileSync('prlimit', ['--fsize=unlimited:', '--pid=' + process.pid]))
    const lines = Array.from({ length: 3_000 }, (_, i) => i + '\\n')
    for (const line of lines) log.write(line)
    setInterval(() => statSync('${file}').size === lines.join('').length && process.exit(3), 50)`
  const limited = ['-c', `ulimit -S -f 4; exec "$0" --input-type=module -e "$1"`, process.execPath, code]
  t.equal(await started(t, 'bash', limited, 'inherit').code, 3)
  t.ok(readFileSync(file, 'utf8') === Array.from({ length: 3_000 }, (_, i) => `${i}\n`).join(''), 'each line, in order')
})
