import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants, openSync, readFileSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { type Test, test } from 'tap'
import { createLineWriter } from '../../src/logging/line-writer.ts'
import { leftBehind } from '../helpers/old-space.ts'
import { until } from '../helpers/wait.ts'

/** A pipe to write to, and what can be read from it now. */
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

test('lines of any length and in any script are written in order', async (t) => {
  const file = join(t.testdir(), 'lines')
  const { write } = createLineWriter(openSync(file, 'w'))
  const lines = Array.from({ length: 600 }, (_, i) => `${i} ${'häß€🙂'.repeat(i)}\n`)
  lines.splice(300, 0, `${'€'.repeat(100_000)}\n`, `${'x'.repeat(70_000)}\n`)
  for (const line of lines) write(line)
  const all = lines.join('')
  await until('all lines', () => readFileSync(file, 'utf8').length >= all.length)
  t.equal(readFileSync(file, 'utf8'), all)
})

test('a reader who is slow gets every line that there was room for, in order', async (t) => {
  const { fd, read } = pipe(t)
  const { write } = createLineWriter(fd)
  const line = (i: number) => `${String(i).padStart(99_999)}\n`
  for (let i = 0; i < 300; i += 1) write(line(i))
  let got = ''
  await until('what is kept', () => {
    got += read()
    return got.length >= 16_000_000
  })
  // The line that says that all has been read that was kept.
  write('the last\n')
  await until('the last line', () => {
    got += read()
    return got.endsWith('the last\n')
  })
  const kept = got.split('\n').slice(0, -2)
  t.ok(kept.length < 175, `${kept.length} of 300 lines waited`)
  t.strictSame(
    kept.map(Number),
    Array.from(kept, (_, i) => i)
  )
})

/** Runs in a process of its own, until that ends. */
function ending(script: string, stdout: number | 'pipe') {
  const writer = new URL('../../src/logging/line-writer.ts', import.meta.url)
  const code = `import { createLineWriter } from '${writer}'\nconst { write } = createLineWriter(process.stdout.fd)\n${script}`
  return spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', stdout, 'inherit'] })
}

test('what has not been written when the process ends is written then', async (t) => {
  const child = ending(`for (let i = 0; i < 30_000; i += 1) write(i + '\\n')\nprocess.exit(3)`, 'pipe')
  let got = ''
  child.stdout?.setEncoding('utf8').on('data', (text) => {
    got += text
  })
  const [code] = await once(child, 'close')
  t.equal(code, 3)
  const all = Array.from({ length: 30_000 }, (_, i) => `${i}\n`).join('')
  t.ok(got === all, 'each line, in order')
})

test('neither a pipe that nobody reads nor a full disk keeps the process from ending', async (t) => {
  for (const fd of [pipe(t).fd, openSync('/dev/full', 'w')]) {
    const [code] = await once(ending(`write('x'.repeat(200_000))\nwrite('y')\nprocess.exit(3)`, fd), 'exit')
    t.equal(code, 3)
  }
})

test('a line leaves nothing behind for a major collection', async (t) => {
  const { write } = createLineWriter(openSync(join(t.testdir(), 'lines'), 'w'))
  function line(i: number) {
    write(`{"level":30,"route":"/api/tasks","request_id":"${i}${'x'.repeat(200)}"}\n`)
    return i % 250 === 0 ? setImmediate() : undefined
  }
  // 790 bytes as strings that wait for sonic-boom, 4 to 7 as bytes.
  t.ok((await leftBehind(4_000, line)) < 100)
})
