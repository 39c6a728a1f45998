import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join, relative } from 'node:path'
import { table } from '../helpers/figures.ts'
import { type Caller, connectTo } from '../helpers/http.ts'
import { escaped, pageOf, tableOf } from '../helpers/page.ts'
import { chartsOf } from './charts.ts'
import { createExamples, operationsOf, readDocument } from './document.ts'
import { type Findings, isMissed, judge, ms } from './judge.ts'
import { type Options, readOptions, UsageError, usage } from './options.ts'
import { createAccounts, type Person } from './people.ts'
import { whyNot } from './permission.ts'
import { type LeftOut, planOf } from './plan.ts'
import { prepare } from './prepare.ts'
import { createSamples } from './samples.ts'
import { withSessions } from './sessions.ts'
import { runStep, type Step } from './steps.ts'
import { compareValidation, type Validation } from './validation.ts'

type Say = (progress: string) => void

/** Writes the page and the figures. Returns their paths. */
function write(found: Findings, folder: string): string[] {
  const figures = judge(found)
  const left = found.leftOut.map(({ name, reason }) => `<li><code>${escaped(name)}</code>: ${escaped(reason)}</li>`)
  const late = Math.max(...found.steps.map(({ late }) => late))
  const page = pageOf({
    title: `${found.api}: load`,
    intro: `<p>${escaped(found.target)}, ${found.at}<br>${found.operations} operations in turn as ${found.users} users. Sent from ${escaped(found.machine)}, at most ${ms(late)} ms late, which the times include. Times count from when a request was due.</p>`,
    charts: chartsOf(found),
    rest: `<h2>Targets</h2>${tableOf(figures)}<h2>Left out</h2><ul>${left.join('\n')}</ul>`
  })
  mkdirSync(folder, { recursive: true })
  const files = [join(folder, 'load.html'), join(folder, 'load.json')] as const
  writeFileSync(files[0], page)
  writeFileSync(files[1], `${JSON.stringify({ ...found, figures }, null, 2)}\n`)
  return [...files]
}

/** Runs everything on accounts of its own, which it deletes, whatever happens. */
async function run(options: Options, call: Caller, prefix: string, say: Say, signal: AbortSignal): Promise<Findings> {
  const { url, include, exclude, domain, objects, users, operationTarget, validationTarget } = options
  const document = await readDocument(call)
  const { planned, leftOut } = planOf(operationsOf(document), createExamples(document), { include, exclude })
  const counted = createSamples()
  const patience = { longest: options.patience, say, signal }
  const accounts = createAccounts({
    call,
    domain,
    patience,
    note: (name, answer) => counted.add(name, answer, answer.ms)
  })

  const people: Person[] = []
  const steps: Step[] = []
  const remaining: Findings['remaining'] = []
  const all: LeftOut[] = [...leftOut]
  let operations = 0
  let validation: Validation | undefined
  try {
    say(`signing up ${users} users`)
    while (people.length < users && !signal.aborted) {
      const person = await accounts.signUp().catch((error: Error) => error)
      if (!(person instanceof Error)) people.push(person)
      else if (people.length === 0) throw person
      else {
        say(`going on with ${people.length} users, because ${person.message}`)
        break
      }
    }
    say(`making ${objects} objects of each kind for each user, and trying each operation once`)
    const ready = await prepare({ call, people, planned, objects, prefix, patience })
    all.push(...ready.leftOut)
    operations = ready.planned.length
    if (!ready.planned.some(({ kind }) => kind !== 'remove'))
      throw new Error('there is no operation that can be measured')
    say(`${operations} operations; ${all.length} are left out`)
    await withSessions(accounts, people, async () => {
      for (const rate of options.rates) {
        if (signal.aborted) break
        const step = await runStep({ call, people, planned: ready.planned, signal }, rate, options.seconds)
        steps.push(step)
        const { answered, times, failed, limited } = step
        const faults = `${failed} errors${limited ? `, ${limited} answers of a limit` : ''}`
        say(`${rate}/s: ${answered.toFixed(0)} answered a second, p99 ${times ? ms(times.p99) : '-'} ms, ${faults}`)
        if (isMissed(step, operationTarget)) {
          say('the ramp ends here')
          break
        }
      }
    })
    say(`comparing ${options.pairs} pairs of requests with and without a token`)
    const comparison = { call, accounts, people, planned: ready.planned, pairs: options.pairs, signal }
    validation = await compareValidation(comparison)
  } finally {
    say(`deleting ${people.length} accounts`)
    for (const person of people) {
      const reason = await accounts.remove(person)
      if (reason !== undefined) remaining.push({ email: person.email, reason })
    }
    for (const { email, reason } of remaining) say(`not deleted: ${email}: ${reason}`)
  }
  const [{ model = 'unknown' } = {}, ...others] = cpus()
  return {
    target: url.href,
    api: `${document.info?.title ?? 'API'} ${document.info?.version ?? ''}`.trim(),
    at: new Date().toISOString(),
    machine: `${model}, ${others.length + 1} cores, Node.js ${process.version}`,
    users: people.length,
    operations,
    targets: { operationMs: operationTarget, validationMs: validationTarget, rate: options.rates.at(-1) ?? 0 },
    steps,
    accounts: counted.measured(),
    validation: validation ?? null,
    leftOut: all.toSorted((a, b) => a.name.localeCompare(b.name)),
    remaining
  }
}

/** `npm run bench -- load --against URL`. Returns the exit code. */
export async function main(words: string[], print: Say = console.log): Promise<number> {
  const say: Say = (progress) => print(`load: ${progress}`)
  if (words.includes('--help')) {
    print(usage)
    return 0
  }
  const stop = new AbortController()
  let began = Number.POSITIVE_INFINITY
  // npm passes on a signal that this process gets from the terminal as well.
  const interrupted = () => {
    if (performance.now() - began > 1000) process.exit(1)
    if (!stop.signal.aborted) say('interrupted: the accounts are deleted first')
    began = Math.min(began, performance.now())
    stop.abort()
  }
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, interrupted)
  try {
    const options = readOptions(words)
    const { url, folder } = options
    const refused = await whyNot(url, options.token)
    if (refused !== undefined) throw new Error(refused)
    const prefix = url.pathname.replace(/\/$/, '')
    const connected = connectTo(url.origin, { timeout: 10_000, maxSockets: 256 })
    const call: Caller = (method, path, request) => connected(method, `${prefix}${path}`, request)
    const found = await run(options, call, prefix, say, stop.signal)
    const figures = judge(found)
    print(`\n${table(figures)}\n`)
    say(
      `report: ${write(found, folder)
        .map((file) => relative('.', file))
        .join(', ')}`
    )
    return figures.some(({ verdict }) => verdict === 'NOT met') || stop.signal.aborted ? 1 : 0
  } catch (error) {
    print(`${(error as Error).message}${error instanceof UsageError ? `\n\n${usage}` : ''}`)
    return 2
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM']) process.off(signal, interrupted)
  }
}
