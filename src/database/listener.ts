import pg from 'pg'

/** Milliseconds between two tries to connect. */
const pause = 500

interface Listener {
  channel: string
  onMessage: (payload: string) => void
  /** Called whenever listening begins (again): what was said before was missed. */
  onListening: () => void
  log: { warn: (details: object, message: string) => void }
}

/** LISTENs on a connection of its own, and connects again for ever when it is lost. Returns how to stop. */
export function listen(connectionString: string, { channel, onMessage, onListening, log }: Listener) {
  let client: pg.Client | undefined
  let timer: NodeJS.Timeout | undefined
  let stopped = false

  function lost(error?: Error): void {
    if (error) log.warn({ err: error }, 'lost the connection that listens')
    client?.removeAllListeners().on('error', () => {})
    client?.end().catch(() => {})
    client = undefined
    if (!stopped && !timer) timer = setTimeout(connect, pause)
  }

  async function connect(): Promise<void> {
    timer = undefined
    client = new pg.Client({
      connectionString,
      application_name: 'gatehouse listener',
      connectionTimeoutMillis: 2_000,
      keepAlive: true
    })
    client.on('error', lost)
    client.on('end', () => lost())
    client.on('notification', ({ payload = '' }) => onMessage(payload))
    try {
      await client.connect()
      await client.query(`listen ${pg.escapeIdentifier(channel)}`)
      onListening()
    } catch (error) {
      lost(error as Error)
    }
  }

  connect()
  return {
    stop(): void {
      stopped = true
      clearTimeout(timer)
      lost()
    }
  }
}
