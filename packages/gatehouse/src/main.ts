import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { type Area, areas, catalogue } from './catalogue.ts'
import { isStrong, proveLine, provePath, Refused } from './gate.ts'
import { printable } from './ledger.ts'
import { type Profile, profiles, readProfile } from './profiles.ts'
import { type ProveOptions, prove } from './prove.ts'
import { htmlReport } from './report/html.ts'
import { junitReport } from './report/junit.ts'
import { exitCodeOf } from './report/summary.ts'
import { terminalReport } from './report/terminal.ts'

type Environment = Record<string, string | undefined>

interface Output {
  write: (text: string) => unknown
  isTTY?: boolean | undefined
}

const usage = `Usage: gatehouse prove URL [options]     tests the security of a deployment
       gatehouse token [TOKEN]           makes a token, and the line that allows it

The deployment must show the line of the token at ${provePath}.

Options of prove:
  --token TOKEN          the token; better in GATEHOUSE_PROVE_TOKEN, because others see arguments
  --profile NAME|FILE    ${Object.keys(profiles).join(', ')}, or a JSON file (default: gatehouse)
  --only AREA            runs an area only, repeatable: ${Object.keys(areas).join(', ')}
  --accept CHECK         reports findings of a check without failing, repeatable
  --json FILE            writes the report as JSON
  --html FILE            writes the report as a page
  --junit FILE           writes the report as JUnit XML
  --rate NUMBER          requests per second, 1 to 1000 (default: 20)
  --max-requests NUMBER  requests in all (default: 5000)
  --time MINUTES         minutes in all (default: 15)
  --attempts NUMBER      wrong passwords to try (default: 30)
  --ca FILE              certificates to trust, as PEM

GATEHOUSE_PROVE_SECRET: the secret of HS256 tokens. With it, tokens that are rightly signed but wrong are tried as well.

The exit code is 0 if nothing is found, 1 with findings, and 2 if the run is refused or not complete.
`

const optionTypes = {
  token: { type: 'string' },
  profile: { type: 'string', default: 'gatehouse' },
  only: { type: 'string', multiple: true },
  accept: { type: 'string', multiple: true },
  json: { type: 'string' },
  html: { type: 'string' },
  junit: { type: 'string' },
  rate: { type: 'string', default: '20' },
  'max-requests': { type: 'string', default: '5000' },
  time: { type: 'string', default: '15' },
  attempts: { type: 'string', default: '30' },
  ca: { type: 'string' },
  help: { type: 'boolean', short: 'h' }
} as const

const parse = (args: string[]) => parseArgs({ args, options: optionTypes, allowPositionals: true })
type Values = ReturnType<typeof parse>['values']

function numberOf(values: Values, name: 'rate' | 'max-requests' | 'time' | 'attempts', high: number): number {
  const number = Number(values[name])
  if (!(number >= 1 && number <= high)) throw new Refused(`--${name} must be a number from 1 to ${high}`)
  return number
}

function profileOf(name: string, environment: Environment): Profile {
  const known = profiles[name]
  if (known) return known
  try {
    return readProfile(readFileSync(name, 'utf8'), environment)
  } catch (error) {
    throw new Refused(`--profile ${name}: ${(error as Error).message}`)
  }
}

function oneOf<T extends string>(
  option: string,
  given: string[] | undefined,
  known: Record<T, unknown>
): T[] | undefined {
  const unknown = given?.find((name) => !(name in known))
  if (unknown !== undefined) throw new Refused(`--${option} ${unknown}: known are ${Object.keys(known).join(', ')}`)
  return given as T[] | undefined
}

/** Shows where a run is: in one line of a terminal, or in a line for each area. */
function progressTo(output: Output): ProveOptions['progress'] {
  return (area, requests, elapsed) => {
    const clear = output.isTTY ? '\r\x1b[K' : ''
    if (area === 'end') return void output.write(clear)
    const title = area === 'accounts' ? 'Signing up' : areas[area]
    output.write(
      `${clear}${(elapsed / 1000).toFixed(0).padStart(4)} s  ${String(requests).padStart(5)} requests  ${title}${output.isTTY ? '' : '\n'}`
    )
  }
}

async function runProve(
  values: Values,
  url: string,
  environment: Environment,
  out: Output,
  errors: Output
): Promise<number> {
  const { json, html, junit, ca } = values
  const token = values.token ?? environment.GATEHOUSE_PROVE_TOKEN
  if (token === undefined) throw new Refused('Set GATEHOUSE_PROVE_TOKEN. Make a token with: npx gatehouse token')
  const report = await prove({
    url,
    token,
    profile: profileOf(values.profile, environment),
    profileName: values.profile,
    only: oneOf<Area>('only', values.only, areas),
    accept: oneOf('accept', values.accept, catalogue),
    secret: environment.GATEHOUSE_PROVE_SECRET || undefined,
    ca: ca === undefined ? undefined : readFileSync(ca, 'utf8'),
    rate: numberOf(values, 'rate', 1000),
    maxRequests: numberOf(values, 'max-requests', 100_000),
    time: numberOf(values, 'time', 600) * 60_000,
    attempts: numberOf(values, 'attempts', 1000),
    progress: progressTo(errors)
  })
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`)
  if (html !== undefined) writeFileSync(html, htmlReport(report))
  if (junit !== undefined) writeFileSync(junit, junitReport(report))
  out.write(terminalReport(report, out.isTTY === true && !environment.NO_COLOR))
  return exitCodeOf(report)
}

function makeToken(given: string | undefined, out: Output): number {
  const token = given ?? randomBytes(32).toString('hex')
  if (!isStrong(token)) throw new Refused('The token must be 32 to 256 random letters, digits, - or _')
  out.write(
    `GATEHOUSE_PROVE_TOKEN=${token}\n\nAt Gatehouse set PROVE_TOKEN to it. Elsewhere show this line at ${provePath}:\n${proveLine(token)}\n`
  )
  return 0
}

/** The command. Returns the exit code. */
export async function main(args: string[], environment: Environment, out: Output, errors: Output): Promise<number> {
  try {
    const { values, positionals } = parse(args)
    const [command, subject, ...more] = positionals
    if (values.help) {
      out.write(usage)
      return 0
    }
    if (command === 'token' && more.length === 0) return makeToken(subject, out)
    if (command !== 'prove' || subject === undefined || more.length > 0) {
      errors.write(usage)
      return 2
    }
    return await runProve(values, subject, environment, out, errors)
  } catch (error) {
    errors.write(`gatehouse: ${printable((error as Error).message)}\n`)
    return 2
  }
}
