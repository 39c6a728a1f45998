import { parseArgs } from 'node:util'

export interface Options {
  url: URL
  users: number
  objects: number
  /** Requests per second of each step. */
  rates: number[]
  seconds: number
  /** Pairs of requests that are compared for the cost of validation. */
  pairs: number
  /** Milliseconds: p99 of each operation, and p99 of what validation adds. */
  operationTarget: number
  validationTarget: number
  include: string[]
  exclude: string[]
  /** Of the email addresses that it signs up. */
  domain: string
  /** Seconds that it waits, at most, for one Retry-After. */
  patience: number
  folder: string
  /** Of the operator of another host. */
  token: string | undefined
}

export const usage = `npm run bench -- load --against URL [options]

Runs load tests against a running deployment, by its OpenAPI document alone.

  --against URL            where it is, such as http://127.0.0.1:8000
  --token TOKEN            required for a host that is not this machine: the token of \`gatehouse prove\`, better in
                           GATEHOUSE_PROVE_TOKEN, which no list of processes shows
  --users N                accounts that are signed up, and deleted at the end (5; at most 200)
  --objects N              objects of each kind for each user (5; at most 100)
  --rates R,R,...          requests per second of each step (10,25,50,100); the last is what must meet the targets
  --seconds N              length of a step (10; at most 120)
  --pairs N                pairs of requests that are compared for the cost of validation (100; at most 2000)
  --operation-ms N         target: p99 of every operation (500)
  --validation-ms N        target: p99 of what the validation of a token adds (100)
  --include ID,ID,...      also these operations, which are left out by default
  --exclude ID,ID,...      not these operations
  --domain NAME            domain of the addresses that are signed up (example.com, which takes no mail)
  --patience SECONDS       longest wait for a Retry-After, after which it does without (70)
  --out FOLDER             where load.html and load.json are written (bench/report)

Exit code: 0 all targets are met, 1 one is missed, 2 it could not run.
`

export class UsageError extends Error {}

function whole(name: string, text: string, least: number, most: number): number {
  const value = /^\d{1,7}$/.test(text) ? Number(text) : Number.NaN
  if (value >= least && value <= most) return value
  throw new UsageError(`--${name} must be a whole number from ${least} to ${most}, not ${text}`)
}

const names = (text: string | undefined) => (text ?? '').split(',').filter(Boolean)

function parse(words: string[]) {
  const text = { type: 'string' } as const
  try {
    return parseArgs({
      args: words,
      allowPositionals: true,
      options: {
        against: text,
        token: text,
        users: { ...text, default: '5' },
        objects: { ...text, default: '5' },
        rates: { ...text, default: '10,25,50,100' },
        seconds: { ...text, default: '10' },
        pairs: { ...text, default: '100' },
        'operation-ms': { ...text, default: '500' },
        'validation-ms': { ...text, default: '100' },
        include: text,
        exclude: text,
        domain: { ...text, default: 'example.com' },
        patience: { ...text, default: '70' },
        out: { ...text, default: 'bench/report' }
      }
    })
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

export function readOptions(words: string[]): Options {
  const { values, positionals } = parse(words)
  if (positionals.join() !== 'load') throw new UsageError('--against goes with the benchmark `load` alone')
  const url = URL.parse(values.against ?? '')
  if (!url || !/^https?:$/.test(url.protocol)) throw new UsageError('--against must be an HTTP URL')
  if (url.username || url.password || url.search || url.hash)
    throw new UsageError('--against must have no user, query or fragment')
  const rates = values.rates.split(',').map((rate) => whole('rates', rate, 1, 10_000))
  if (rates.length > 20) throw new UsageError('--rates has at most 20 steps')
  return {
    url,
    rates: rates.toSorted((a, b) => a - b),
    users: whole('users', values.users, 1, 200),
    objects: whole('objects', values.objects, 1, 100),
    seconds: whole('seconds', values.seconds, 1, 120),
    pairs: whole('pairs', values.pairs, 1, 2000),
    operationTarget: whole('operation-ms', values['operation-ms'], 0, 600_000),
    validationTarget: whole('validation-ms', values['validation-ms'], 0, 600_000),
    patience: whole('patience', values.patience, 0, 3600),
    include: names(values.include),
    exclude: names(values.exclude),
    domain: values.domain,
    folder: values.out,
    token: values.token ?? process.env.GATEHOUSE_PROVE_TOKEN
  }
}
