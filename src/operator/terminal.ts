import { readFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { createInterface } from 'node:readline/promises'
import type { Readable, Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'

export interface Terminal {
  out: (text: string) => unknown
  err: (text: string) => unknown
  /** Writes a long document, as fast as its reader takes it. */
  pipe: (document: Readable) => Promise<void>
  /** Whether somebody can answer, and sees a line that changes. */
  isInteractive: boolean
  ask: (question: string) => Promise<string>
  /** `-`: standard input. */
  readFile: (path: string) => Promise<string>
}

type Stream<Direction> = Direction & { isTTY?: boolean }

interface Streams {
  stdin: Stream<Readable>
  stdout: Writable
  stderr: Stream<Writable>
}

/** The terminal of a process. Questions are on standard error, so that standard output has only what programs read. */
export const openTerminal = ({ stdin, stdout, stderr }: Streams): Terminal => ({
  out: (text) => stdout.write(text),
  err: (text) => stderr.write(text),
  pipe: (document) => pipeline(document, stdout, { end: false }),
  isInteractive: stdin.isTTY === true && stderr.isTTY === true,
  async ask(question) {
    const lines = createInterface({ input: stdin, output: stderr })
    return lines.question(question).finally(() => lines.close())
  },
  readFile: (path) => (path === '-' ? text(stdin) : readFile(path, 'utf8'))
})

/** The system account of the operator. In a container, the process may run as a user without a name. */
export function systemAccount(read: () => { username: string } = userInfo): string {
  try {
    return read().username
  } catch {
    return 'nobody known'
  }
}
