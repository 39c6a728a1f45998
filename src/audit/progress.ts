interface Terminal {
  isTTY?: boolean
  write: (text: string) => unknown
}

/** Says how many events are done, at most twice a second, on a terminal only. */
export function createProgress(terminal: Terminal, elapsed = Date.now) {
  let told = Number.NEGATIVE_INFINITY
  let isOpen = false
  return {
    of:
      (done: string) =>
      (count: number): void => {
        if (!terminal.isTTY || elapsed() - told < 500) return
        told = elapsed()
        isOpen = true
        terminal.write(`\r${count} events ${done}`)
      },

    /** Begins a new line, if something was said. */
    end(): void {
      if (isOpen) terminal.write('\n')
      isOpen = false
    }
  }
}
