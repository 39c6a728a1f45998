import pg from 'pg'

const reconnectDelay = 500

interface Listener {
  channel: string
  onMessage: (payload: string) => void
  /** Called each time LISTEN succeeds: earlier notifications were missed. */
  onListening: () => void
  log: { warn: (details: object, message: string) => void }
}

// The channel of the current schema, named as in migrations/0011_revocation_channels.ts.
const listenTo = (channel: string) =>
  `do $$ begin execute format('listen %I', ${pg.escapeLiteral(channel)} ||
    case current_schema() when 'public' then '' else '_' || md5(current_schema()) end); end $$`

/** LISTENs on a separate connection and reconnects until stopped. */
export function listen(connectionString: string, { channel, onMessage, onListening, log }: Listener) {
  let client: pg.Client
  let timer: NodeJS.Timeout | undefined
  let stopped = false

  function connect(): void {
    const candidate = new pg.Client({
      connectionString,
      application_name: 'gatehouse listener',
      connectionTimeoutMillis: 2_000,
      query_timeout: 2_000,
      keepAlive: true
    })
    client = candidate
    let lost = false
    function lose(error: Error): void {
      if (lost || stopped) return
      lost = true
      log.warn({ err: error }, 'lost the LISTEN connection')
      candidate.end().catch(() => {})
      timer = setTimeout(connect, reconnectDelay)
    }
    candidate.on('error', lose)
    candidate.on('notification', ({ payload = '' }) => onMessage(payload))
    candidate
      .connect()
      .then(() => candidate.query(listenTo(channel)))
      .then(onListening)
      .catch(lose)
  }

  connect()
  return {
    stop(): void {
      stopped = true
      clearTimeout(timer)
      client.end().catch(() => {})
    }
  }
}
