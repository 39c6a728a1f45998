import type { Writable } from 'node:stream'

interface Streams {
  stdout: Writable
  stderr: Writable
}

/**
 * Watches the output of a command. A reader that leaves (`| head`) is no failure: Node.js ignores SIGPIPE, and the write
 * fails instead. Any other failure, such as a full disk, is told, and makes the exit code 1.
 */
export function watchOutput({ stdout, stderr }: Streams = process) {
  let isOpen = true
  stdout.on('error', ({ code, message }: NodeJS.ErrnoException) => {
    const isFirst = isOpen
    isOpen = false
    if (!isFirst || code === 'EPIPE') return
    process.exitCode = 1
    stderr.write(`Output not written: ${message}\n`)
  })
  // Nobody can be told.
  stderr.on('error', () => {})

  return {
    /** Whether standard output still takes what is written. */
    isOpen: () => isOpen,

    /**
     * Writes text, and waits until it was taken. Returns whether it was, because a failure is told already.
     */
    write: (text: string) =>
      new Promise<boolean>((resolve) => {
        stdout.write(text, (error) => resolve(!error))
      })
  }
}

export type Output = ReturnType<typeof watchOutput>
