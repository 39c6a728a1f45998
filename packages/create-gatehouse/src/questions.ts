import { createInterface } from 'node:readline/promises'
import { isWeb, type Web, webs } from './options.ts'
import { Refusal } from './refusal.ts'

export interface Terminal {
  stdin: NodeJS.ReadableStream
  stdout: NodeJS.WritableStream
}

/** Asks on a terminal. Ctrl+C and Ctrl+D end it. */
export async function askFor(
  { folder, web }: { folder: string | undefined; web: Web | undefined },
  { stdin, stdout }: Terminal
): Promise<{ folder: string; web: Web }> {
  const lines = createInterface({ input: stdin, output: stdout })
  // A question that nobody answers would not settle.
  const ended = new Promise<never>((_, reject) => {
    lines.once('close', () => reject(new Refusal('\nNothing is created.')))
  })
  const ask = async (question: string, byDefault: string) =>
    (await Promise.race([lines.question(`${question} (${byDefault}) `), ended])).trim() || byDefault
  try {
    const where = folder ?? (await ask('Folder:', 'my-app'))
    let kind: string = web ?? (await ask(`Front end, ${webs.join(', ')}:`, 'vite'))
    while (!isWeb(kind)) kind = await ask(`${kind} is none of them. Front end, ${webs.join(', ')}:`, 'vite')
    return { folder: where, web: kind }
  } finally {
    ended.catch(() => {})
    lines.close()
  }
}
