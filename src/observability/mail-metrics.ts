import { Counter, Gauge, type Registry } from 'prom-client'
import type { Mail } from '../mail/mail.ts'

/** Metrics of the outbox. The two gauges of a scrape share one query; without an answer they have no value. */
export function countMails(registry: Registry, { outcomes, waiting }: Pick<Mail, 'outcomes' | 'waiting'>): void {
  const registers = [registry]
  const unknown = { count: Number.NaN, age: Number.NaN }
  let asked: ReturnType<Mail['waiting']> | undefined
  const read = () => {
    asked ??= waiting()
      .catch(() => unknown)
      .finally(() => {
        asked = undefined
      })
    return asked
  }

  const ask = (name: string, help: string, pick: (found: typeof unknown) => number) =>
    new Gauge({
      ...{ name, help, registers },
      async collect() {
        this.set(pick(await read()))
      }
    })
  ask('gatehouse_mails_waiting', 'Mails in the outbox, of all processes.', ({ count }) => count)
  ask('gatehouse_mail_oldest_seconds', 'Age of the oldest mail in the outbox.', ({ age }) => age)
  new Counter({
    name: 'gatehouse_mails_total',
    help: 'Mails by outcome: sent, dropped (nothing to send), failed (tried again later) and dead.',
    labelNames: ['outcome'],
    registers,
    collect() {
      this.reset()
      for (const [outcome, count] of outcomes) this.inc({ outcome }, count)
    }
  })
}
