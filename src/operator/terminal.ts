import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { createInterface } from 'node:readline/promises'
import type { Readable, Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { watchSignals } from '../process/interruption.ts'
import { watchOutput } from '../process/output.ts'

export interface Terminal {
  out: (text: string) => unknown
  err: (text: string) => unknown
  /** Whether standard output still takes what is written: not once the reader has left (`| head`). */
  isOpen: () => boolean
  /** Writes a long document, as fast as its reader takes it. Ends early if the reader leaves. */
  pipe: (document: Readable) => Promise<void>
  /** Whether somebody can answer, and sees a line that changes. */
  isInteractive: boolean
  /** Returns what was typed, or nothing after Ctrl+C or Ctrl+D. */
  ask: (question: string) => Promise<string>
  /** `-`: standard input. */
  readFile: (path: string) => Promise<string>
  /** From this call on, Ctrl+C does not end the process. Returns a function: the exit code, once somebody pressed it. */
  watchSignals: () => () => number | undefined
}

type Stream<Direction> = Direction & { isTTY?: boolean }

interface Streams {
  stdin: Stream<Readable>
  stdout: Writable
  stderr: Stream<Writable>
  on: (signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP', listener: () => void) => unknown
}

/** The terminal of a process. Questions are on standard error, so that standard output has only what programs read. */
export function openTerminal(process: Streams): Terminal {
  const { stdin, stdout, stderr } = process
  const { isOpen } = watchOutput({ stdout, stderr })
  return {
    out: (text) => stdout.write(text),
    err: (text) => stderr.write(text),
    isOpen,
    async pipe(document) {
      try {
        await pipeline(document, stdout, { end: false })
      } catch (error) {
        if (isOpen()) throw error
      }
    },
    isInteractive: stdin.isTTY === true && stderr.isTTY === true,
    async ask(question) {
      const lines = createInterface({ input: stdin, output: stderr })
      // After Ctrl+C it is rejected, and after Ctrl+D it never settles.
      const answer = lines.question(question).catch(() => '')
      const closed = once(lines, 'close').then(() => '')
      return Promise.race([answer, closed]).finally(() => lines.close())
    },
    readFile: (path) => (path === '-' ? text(stdin) : readFile(path, 'utf8')),
    watchSignals: () => watchSignals(process)
  }
}

/** The system account of the operator. In a container, the process may run as a user without a name. */
export function systemAccount(read: () => { username: string } = userInfo): string {
  try {
    return read().username
  } catch {
    return 'nobody known'
  }
}
