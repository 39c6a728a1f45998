import { test } from 'tap'
import { createProgress } from '../../src/audit/progress.ts'

test('on a terminal, progress is printed twice a second and ends with a newline', async (t) => {
  let now = 0
  const texts: string[] = []
  const write = (text: string) => texts.push(text)
  const progress = createProgress({ isTTY: true, write }, () => now)
  progress.end()
  t.strictSame(texts, [])
  const tell = progress.of('verified')
  for (const [time, count] of [
    [0, 1],
    [400, 2],
    [500, 3]
  ] as const) {
    now = time
    tell(count)
  }
  progress.end()
  progress.end()
  t.strictSame(texts, ['\r1 events verified', '\r3 events verified', '\n'])
})

test('a log file or a pipe gets no progress', async (t) => {
  const texts: string[] = []
  const progress = createProgress({ write: (text) => texts.push(text) })
  progress.of('removed')(1_000)
  progress.end()
  t.strictSame(texts, [])
})
