import { Registry } from 'prom-client'
import { withTimeout } from '../util/with-timeout.ts'
import { gauge } from './gauge.ts'

export interface Channel {
  send: (message: Message, done: (error: Error | null) => void) => unknown
  on: (event: 'message', listener: (message: Message) => void) => unknown
  off: (event: 'message', listener: (message: Message) => void) => unknown
}

interface Message {
  /** A request for metrics has the worker's number, a reply has the text. */
  metrics?: { id: number; worker?: number; text?: string }
}

/** Milliseconds that a worker has to reply. */
const replyTimeout = 1_000

/** In a worker: replies to the primary's requests for metrics. Returns a function that stops it. */
export function answerScrapes(registry: Registry, above: Channel): () => void {
  async function answer({ metrics }: Message): Promise<void> {
    if (metrics?.worker === undefined) return
    registry.setDefaultLabels({ worker: metrics.worker })
    above.send({ metrics: { id: metrics.id, text: await registry.metrics() } }, () => {})
  }
  above.on('message', answer)
  return () => void above.off('message', answer)
}

function merge(texts: string[]): string {
  const metrics = new Map<string, string[]>()
  for (const block of texts.flatMap((text) => text.trim().split('\n\n'))) {
    const [help = '', type = '', ...samples] = block.split('\n')
    const heading = `${help}\n${type}`
    metrics.set(heading, [...(metrics.get(heading) ?? []), ...samples])
  }
  return [...metrics].map(([heading, samples]) => `${[heading, ...samples].join('\n')}\n`).join('\n')
}

/**
 * In the primary: returns the metrics of all workers in one text, each with the label `worker`, because a sum would
 * decrease when a worker restarts. A worker that does not reply is omitted and counted as silent.
 */
export function scrapeWorkers(workers: () => ReadonlyMap<number, Channel>, registry = new Registry()) {
  let asked = 0
  let silent = 0
  gauge(registry, 'gatehouse_workers', 'Worker processes.', () => workers().size)
  gauge(registry, 'gatehouse_workers_silent', 'Worker processes that did not answer this scrape.', () => silent)

  function ask(worker: number, channel: Channel): Promise<string> {
    asked += 1
    const id = asked
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    const hear = ({ metrics }: Message) => {
      if (metrics?.id === id && metrics.text !== undefined) resolve(metrics.text)
    }
    channel.on('message', hear)
    channel.send({ metrics: { id, worker } }, (error) => error && reject(error))
    return withTimeout(replyTimeout, promise).finally(() => channel.off('message', hear))
  }

  return async function scrape(): Promise<string> {
    const answers = await Promise.allSettled([...workers()].map(([place, channel]) => ask(place, channel)))
    const texts = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []))
    silent = answers.length - texts.length
    return merge([await registry.metrics(), ...texts])
  }
}
