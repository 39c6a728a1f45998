import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { Mail } from '../mail/mail.ts'
import { RequestDurations } from './durations.ts'
import { gauge } from './gauge.ts'
import { countMails } from './mail-metrics.ts'
import { version } from './version.ts'

// Limits the number of series, because a reason may contain outside text.
const maxPairs = 100

export interface Sources {
  securityEvents: ReadonlyMap<string, number>
  passwords: { readonly running: number; readonly waiting: number }
  revocations: { staleness: () => number; readonly size: number }
  mail: Pick<Mail, 'settings' | 'outcomes' | 'waiting'>
  pools: () => Record<string, { total: number; idle: number; waiting: number }>
}

/** Creates the Prometheus metrics of one process. */
export function createMetrics({ securityEvents, passwords, revocations, mail, pools }: Sources) {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  const durations = new RequestDurations(registry)
  const other = { code: 'other', reason: 'other', count: 0 }
  const problems = new Map([['', other]])

  new Gauge({ name: 'gatehouse_info', help: 'Always 1.', labelNames: ['version', 'node'], registers })
    .labels(version, process.version)
    .set(1)
  new Counter({
    name: 'gatehouse_problems_total',
    help: 'Answers that were problems, by their code and by the reason in the log.',
    labelNames: ['code', 'reason'],
    registers,
    collect() {
      this.reset()
      for (const { code, reason, count } of problems.values()) this.inc({ code, reason }, count)
    }
  })
  new Counter({
    name: 'gatehouse_security_events_total',
    help: 'Security events by name: logins, failures, throttled attempts, stolen refresh tokens.',
    labelNames: ['event'],
    registers,
    collect() {
      this.reset()
      for (const [event, count] of securityEvents) this.inc({ event }, count)
    }
  })
  gauge(registry, 'gatehouse_password_hashes_running', 'Passwords being hashed.', () => passwords.running)
  gauge(
    registry,
    'gatehouse_password_hashes_waiting',
    'Passwords that wait for their turn to be hashed.',
    () => passwords.waiting
  )
  gauge(registry, 'gatehouse_revocations', 'Revocations in memory.', () => revocations.size)
  gauge(
    registry,
    'gatehouse_revocations_staleness_seconds',
    'Time since the database last told all revocations.',
    () => revocations.staleness() / 1000
  )
  if (mail.settings) countMails(registry, mail)
  new Gauge({
    name: 'gatehouse_database_connections',
    help: 'Connections to PostgreSQL, by pool and state.',
    labelNames: ['pool', 'state'],
    registers,
    collect() {
      for (const [pool, { total, idle }] of Object.entries(pools())) {
        this.set({ pool, state: 'idle' }, idle)
        this.set({ pool, state: 'used' }, total - idle)
      }
    }
  })
  new Gauge({
    name: 'gatehouse_database_waiting',
    help: 'Requests that wait for a connection to PostgreSQL, by pool.',
    labelNames: ['pool'],
    registers,
    collect() {
      for (const [pool, { waiting }] of Object.entries(pools())) this.set({ pool }, waiting)
    }
  })

  return {
    registry,
    request: durations.record.bind(durations),

    /** Only the part of the reason before a colon is ours; the rest may be outside text. */
    problem({ code, reason = '' }: { code: string; reason?: string | undefined }): void {
      const key = `${code} ${reason.replace(/:.*/s, '')}`
      let counted = problems.get(key)
      if (!counted && problems.size < maxPairs) {
        counted = { code, reason: key.slice(code.length + 1), count: 0 }
        problems.set(key, counted)
      }
      ;(counted ?? other).count += 1
    }
  }
}

export type Metrics = ReturnType<typeof createMetrics>
