import { setTimeout as sleep } from 'node:timers/promises'
import { printable } from '../logging/printable.ts'
import type { ClaimedMail, Finished, OutboxRepository, Outcome } from '../repositories/outbox.ts'
import { joined } from '../util/joined.ts'
import type { Letters } from './letters.ts'
import { createTraffic } from './traffic.ts'
import { lanes, type Transport } from './transport.ts'

/** Seconds that a claim lasts. If the process dies, another one sends the mail afterwards. */
const lease = 5 * 60
/** Milliseconds that the mail server has for one mail; much shorter than a lease. */
const sendTimeout = 60_000
/** Milliseconds between two looks for mails that are due: repeated ones, and those of processes that died. */
const pollInterval = 10_000
/** Seconds after which a mail is dead (RFC 5321, section 4.5.4.1 has days, but nobody waits for these). */
const longestAge = 24 * 60 * 60
/** Seconds until the first repetition; doubled for each further one. */
const firstDelay = 15
const longestDelay = 60 * 60
/** Milliseconds to pause when the mail server itself fails; doubled for each further pause. */
const firstPause = 1_000
const longestPause = 60_000
/** Mails of one claim, and the least milliseconds between two: 400 mails a second, 20 beside other requests, or 80 if late. */
const paces = { free: { mails: lanes, gap: 20 }, busy: { mails: 1, gap: 50 }, late: { mails: 4, gap: 50 } }
/** Seconds that a mail waits beside other requests before mails are sent faster: a busy service writes many of them. */
const lateness = 2 * 60
/** Attempts to record that a mail was sent, and milliseconds after the first of them. */
const recordings = 3
const recordingPause = 1_000
/** Milliseconds for mails in flight to finish when the process closes. */
const closeTimeout = 5_000
const unavailable = 'the outbox is unavailable'

interface SmtpError extends Error {
  responseCode?: number
  command?: string
}

/**
 * Whether the server refused this mail for good (RFC 5321, section 4.2.1): the address or the content. A reply 5.7 (RFC
 * 3463, section 3.8), such as "relay access denied", is about this service, and would end every mail of the outbox.
 */
const isRefused = ({ responseCode = 0, command = '', message }: SmtpError) =>
  responseCode >= 500 && /^(RCPT|DATA)/.test(command) && !/\b5\.7\.\d/.test(message)

/** Whether the server answered about this mail. If not, the server itself may be the problem. */
const isAnswer = ({ responseCode, command = '' }: SmtpError) =>
  responseCode !== undefined && /^(RCPT|DATA)/.test(command)

export interface Parts {
  outbox: OutboxRepository
  letters: Pick<Letters, 'write'>
  transport: () => Promise<Transport>
  log: { warn: (details: object, message: string) => void }
  /** Called when a mail is given up. */
  onDead: (mail: ClaimedMail) => Promise<void>
  /** No other process uses the database. */
  isAlone?: boolean
  /** Monotonic milliseconds. */
  elapsed?: () => number
  random?: () => number
  pause?: (milliseconds: number) => Promise<unknown>
  /** The most milliseconds between a commit and the look for its mails. */
  maxDelay?: number
}

/**
 * Sends the mails of the outbox. It claims several at once and sends each by itself, so a slow or bad recipient delays no
 * other one. While the process has other requests, it sends slowly. Delivery is at least once: a mail whose acceptance
 * could not be recorded is sent again, with the same Message-ID.
 */
export function createSender(parts: Parts) {
  const { outbox, letters, log, onDead, isAlone = false, random = Math.random, pause = sleep } = parts
  const { elapsed = () => performance.now(), maxDelay = 0 } = parts
  const outcomes = new Map<Outcome | 'failed', number>()
  const traffic = createTraffic(elapsed)
  const inFlight = new Set<Promise<void>>()
  let delaying: Promise<void> | undefined
  let claiming: Promise<void> | undefined
  let lastClaim = Number.NEGATIVE_INFINITY
  /** Mails of the last claim. */
  let found = 0
  let isLate = false
  let transport: Promise<Transport> | undefined
  let timer: NodeJS.Timeout | undefined
  let pauseTimer: NodeJS.Timeout | undefined
  let stopped = false
  /** Mails may have been written after the last claim began. */
  let isNew = false
  let pausedUntil = Number.NEGATIVE_INFINITY
  /** Failures of the server in a row, without an answer to any mail. */
  let failures = 0

  const count = (outcome: Outcome | 'failed') => outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)

  const record = joined(async (mails: Finished[]) => {
    await outbox.finish(mails)
    return mails
  })

  async function finish({ id }: ClaimedMail, outcome: Outcome, error?: string): Promise<void> {
    await record({ id, outcome, error })
    count(outcome)
  }

  /** Repeated, because a mail that was sent and is not recorded comes a second time. */
  async function finishSent(mail: ClaimedMail): Promise<void> {
    for (let tried = 1; tried < recordings; tried += 1)
      try {
        return await finish(mail, 'sent')
      } catch {
        await pause(tried * recordingPause)
      }
    await finish(mail, 'sent')
  }

  /** Between half and all of the delay, so that mails that failed together are not repeated together. */
  const jittered = (delay: number) => delay * (0.5 + random() / 2)

  /** Lets a server rest that answers nothing, instead of trying it with each mail of the outbox. */
  function rest(): void {
    failures += 1
    if (failures % lanes !== 0) return
    const pause = jittered(Math.min(firstPause * 2 ** (failures / lanes - 1), longestPause))
    pausedUntil = elapsed() + pause
    clearTimeout(pauseTimer)
    pauseTimer = setTimeout(wake, pause).unref()
  }

  async function fail(mail: ClaimedMail, error: SmtpError, isWritten: boolean): Promise<void> {
    const { id, kind, user_id, attempts, age } = mail
    // PostgreSQL stores no U+0000, so a server that sends one would never be recorded.
    const reason = printable(error.message)
    if (isAnswer(error)) failures = 0
    else if (isWritten) rest()
    count('failed')
    const delay = jittered(Math.min(firstDelay * 2 ** (attempts - 1), longestDelay))
    const isDead = isRefused(error) || age + delay > longestAge
    log.warn({ mail: id, kind, user_id, attempts, dead: isDead, reason: withoutAddress(reason, mail) }, 'mail not sent')
    if (!isDead) return void (await outbox.postpone(id, delay, reason))
    await finish(mail, 'dead', reason)
    await onDead(mail)
  }

  async function deliver(mail: ClaimedMail): Promise<void> {
    let isWritten = false
    try {
      const letter = await letters.write(mail)
      if ('dropped' in letter) return await finish(mail, 'dropped', letter.dropped)
      isWritten = true
      transport ??= parts.transport()
      await (await transport).send(letter, AbortSignal.timeout(sendTimeout))
    } catch (error) {
      return fail(mail, error as SmtpError, isWritten)
    }
    failures = 0
    await finishSent(mail)
  }

  const isResting = () => stopped || elapsed() < pausedUntil

  /** Waits until a mail may be claimed. Returns how many, and at which pace. */
  async function turn(): Promise<number> {
    if (inFlight.size >= lanes) await Promise.race(inFlight)
    const { mails, gap } = paces[!traffic.isBusy() ? 'free' : isLate ? 'late' : 'busy']
    // Less after a claim of fewer, as when slow mails leave few lanes free.
    const wait = lastClaim + gap * Math.min(Math.max(found, 1) / mails, 1) - elapsed()
    if (wait > 0) await pause(wait)
    return Math.min(mails, lanes - inFlight.size)
  }

  function start(mail: ClaimedMail): void {
    const delivered = deliver(mail)
      .catch((err) => log.warn({ err }, unavailable))
      .finally(() => inFlight.delete(delivered))
    inFlight.add(delivered)
  }

  async function claimAll(): Promise<void> {
    let max: number
    do {
      max = await turn()
      if (isResting()) return
      isNew = false
      // Mails of this process before it was killed: nobody else can be sending them.
      if (isAlone && lastClaim === Number.NEGATIVE_INFINITY) await outbox.giveBack()
      lastClaim = elapsed()
      const mails = await outbox.claim(lease, max)
      for (const mail of mails) start(mail)
      found = mails.length
      isLate = mails.some(({ attempts, age }) => attempts === 1 && age > lateness)
      if (found === max) traffic.begin()
    } while (found === max || isNew)
  }

  function wake(): void {
    isNew = true
    if (claiming || isResting()) return
    claiming = claimAll()
      .catch((err) => log.warn({ err }, unavailable))
      .finally(() => {
        claiming = undefined
        traffic.end()
        // Called between the last claim and now.
        if (isNew) wake()
      })
  }

  /** The delay is random, so that slower requests do not show which request before them caused a mail. */
  function wakeLater(): void {
    delaying ??= pause(random() * maxDelay).then(() => {
      delaying = undefined
      wake()
    })
  }

  async function settled(): Promise<void> {
    while (claiming || inFlight.size > 0) await Promise.all([claiming, ...inFlight])
  }

  return {
    /** Looks for mails within `maxDelay`. Call it after the commit that wrote one. */
    wake: maxDelay > 0 ? wakeLater : wake,

    /** Begins to look for mails at intervals. */
    start(): void {
      timer ??= setInterval(wake, pollInterval).unref()
      wake()
    },

    /** Sends slowly while this server has requests. */
    giveWayTo: traffic.watch,

    outcomes: outcomes as ReadonlyMap<string, number>,

    /** Waits until no mail is in flight, and none is due. */
    async idle(): Promise<void> {
      do await delaying
      while (delaying)
      await settled()
    },

    /** Finishes the mails in flight, for a while, and stops. */
    async stop(): Promise<void> {
      stopped = true
      clearInterval(timer)
      clearTimeout(pauseTimer)
      let patience: NodeJS.Timeout | undefined
      const late = new Promise((resolve) => {
        patience = setTimeout(resolve, closeTimeout)
      })
      await Promise.race([settled(), late])
      clearTimeout(patience)
      await transport?.then(
        (open) => open.close(),
        () => {}
      )
    }
  }
}

/** Servers repeat the address in their answers. The log contains none. */
const withoutAddress = (reason: string, { recipient }: ClaimedMail) => reason.replaceAll(recipient, '<recipient>')

export type MailSender = ReturnType<typeof createSender>
