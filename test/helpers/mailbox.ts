import type { Letter, Transport } from '../../src/mail/transport.ts'

/** A transport that keeps the letters in memory. */
export function openMailbox() {
  const letters: Letter[] = []
  const transport = async (): Promise<Transport> => ({
    send: async (letter) => void letters.push(letter),
    check: async () => {},
    close: () => {}
  })
  return { letters, transport, to: (address: string) => letters.filter(({ to }) => to === address) }
}

/** The token of a letter's link. */
export const tokenOf = (letter: { text: string } | undefined) =>
  /#token=([\w-]{43})$/m.exec(letter?.text ?? '')?.[1] ?? ''

/** The code of a letter, as a person types it. */
export const codeOf = (letter: { text: string } | undefined) => /^(\d{4} \d{4})$/m.exec(letter?.text ?? '')?.[1] ?? ''

/** The path of a letter's link, to open it on the site that a test serves. */
export const pathOf = (letter: { text?: string | undefined } | undefined) =>
  /^https:\/\/[^/\s]+(\/\w+#token=[\w-]{43})$/m.exec(letter?.text ?? '')?.[1] ?? ''
