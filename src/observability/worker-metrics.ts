import { Registry } from 'prom-client'
import { withTimeout } from '../util/with-timeout.ts'
import { gauge } from './gauge.ts'

/** One end of the channel between a process and its workers. */
export interface Channel {
  send: (message: Message, done: (error: Error | null) => void) => unknown
  on: (event: 'message', listener: (message: Message) => void) => unknown
  off: (event: 'message', listener: (message: Message) => void) => unknown
}

interface Message {
  /** A question for metrics has the place of the worker, an answer the text. */
  metrics?: { id: number; worker?: number; text?: string }
}

/** Milliseconds that a worker gets to answer. */
const patience = 1_000

/** In a worker: answers the process above when it asks for metrics. Returns how to stop. */
export function answerScrapes(registry: Registry, above: Channel): () => void {
  async function answer({ metrics }: Message): Promise<void> {
    if (metrics?.worker === undefined) return
    registry.setDefaultLabels({ worker: metrics.worker })
    above.send({ metrics: { id: metrics.id, text: await registry.metrics() } }, () => {})
  }
  above.on('message', answer)
  return () => void above.off('message', answer)
}

/** Texts of several processes as one: all samples of a metric together, under one heading (HELP and TYPE). */
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
 * In the process above: the metrics of all workers in one text, each with the label `worker`, its place. What one of them
 * counts begins anew when it does, which Prometheus knows how to read; a sum would seem to go backwards. One that does not
 * answer is missing, and counted as silent. `workers` are those there are now, by place.
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
    return withTimeout(patience, promise).finally(() => channel.off('message', hear))
  }

  return async function scrape(): Promise<string> {
    const answers = await Promise.allSettled([...workers()].map(([place, channel]) => ask(place, channel)))
    const texts = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []))
    silent = answers.length - texts.length
    return merge([await registry.metrics(), ...texts])
  }
}
