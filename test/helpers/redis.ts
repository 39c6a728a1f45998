import { hash } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { Test } from 'tap'

/** Splits bytes into complete commands (RESP arrays of bulk strings) and the rest. */
function parse(text: string): { commands: string[][]; rest: string } {
  const commands: string[][] = []
  let rest = text
  for (;;) {
    const lines = rest.split('\r\n')
    const length = 1 + 2 * Number(lines[0]?.slice(1))
    if (!(lines.length > length)) return { commands, rest }
    commands.push(lines.slice(1, length).filter((_, i) => i % 2 === 1))
    rest = lines.slice(length).join('\r\n')
  }
}

/** A minimal Redis server. Scripts return the next of `replies`: numbers, or an error. It can hang and continue. */
export async function redisLikeServer(t: Test) {
  let held: (() => void)[] | undefined
  const commands: string[][] = []
  const scripts = new Set<string>()
  const replies: (number[] | string)[] = []
  const sockets: Socket[] = []
  const reply = (values: number[] | string | undefined) =>
    typeof values === 'object'
      ? `*${values.length}\r\n${values.map((n) => `:${n}\r\n`).join('')}`
      : `${values ?? '$-1'}\r\n`
  function answer([name = '', script = '', , key = '']: string[]): string {
    if (name === 'eval') scripts.add(hash('sha1', script))
    if (name === 'evalsha' && !scripts.has(script)) return '-NOSCRIPT No matching script\r\n'
    return name.startsWith('eval') && !key.startsWith('gatehouse:probe:') ? reply(replies.shift()) : '+OK\r\n'
  }
  const server = createServer((socket) => {
    let waiting = ''
    sockets.push(socket)
    socket.on('error', () => {})
    socket.on('data', (data) => {
      const { commands: come, rest } = parse(waiting + data.toString('latin1'))
      waiting = rest
      for (const command of come) {
        commands.push(command)
        const text = answer(command)
        if (held) held.push(() => socket.write(text))
        else socket.write(text)
      }
    })
  })
  const open = (port = 0) => once(server.listen(port, '127.0.0.1'), 'listening')
  await open()
  const { port } = server.address() as AddressInfo
  const close = async () => {
    for (const socket of sockets) socket.destroy()
    server.close()
    await once(server, 'close')
  }
  t.teardown(() => (server.listening ? close() : undefined))
  const hang = () => {
    held = []
  }
  const goOn = () => {
    for (const answer of held ?? []) answer()
    held = undefined
  }
  return {
    url: `redis://:hush-hush@127.0.0.1:${port}`,
    commands,
    replies,
    sockets,
    hang,
    goOn,
    close,
    open: () => open(port)
  }
}
