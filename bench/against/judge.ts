import { type Figure, figure } from '../helpers/figures.ts'
import type { LeftOut } from './plan.ts'
import type { Measured, Spread } from './samples.ts'
import type { Step } from './steps.ts'
import type { Validation } from './validation.ts'

export interface Findings {
  target: string
  api: string
  at: string
  /** The machine that sent the requests. */
  machine: string
  users: number
  operations: number
  targets: { operationMs: number; validationMs: number; rate: number }
  steps: Step[]
  /** Operations on accounts and sessions, which run at a slow pace of their own. */
  accounts: Record<string, Measured>
  validation: Validation | null
  leftOut: LeftOut[]
  /** Accounts that could not be deleted. */
  remaining: { email: string; reason: string }[]
}

export const ms = (value: number) => value.toFixed(Math.abs(value) < 10 ? 1 : 0)
const told = ({ p50, p90, p99, max, count }: Spread) =>
  `p50 ${ms(p50)}, p90 ${ms(p90)}, p99 ${ms(p99)}, max ${ms(max)} ms (${count})`

const others = ({ statuses }: Measured) =>
  Object.entries(statuses)
    .filter(([status]) => !/^(2|304)/.test(status))
    .map(([status, count]) => `${count} x ${status}`)
    .join(', ')

/** Errors count against an operation; limits do where the operation is part of the steps. */
function judgeOperation(name: string, measured: Measured, operationMs: number, isPaced: boolean): Figure {
  const { times, failed, limited } = measured
  const met = times !== null && times.p99 < operationMs && failed === 0 && (isPaced || limited === 0)
  const text = [times ? told(times) : 'no answer', others(measured)].filter(Boolean).join('; ')
  const judged = figure(name, `p99 < ${operationMs} ms`, text, met)
  return isPaced && times === null && failed === 0 ? { ...judged, verdict: 'not run' } : judged
}

/** The figures of a run, each with its verdict. The last step is judged: the ramp ends at the first that misses a target. */
export function judge({ steps, accounts, validation, targets, remaining }: Findings): Figure[] {
  const { operationMs, validationMs, rate } = targets
  const last = steps.at(-1)
  if (!last) return [figure('steps', `${rate} requests a second`, 'none was run', false)]
  const { operations } = last
  const reached = last.rate === rate && last.sent === last.planned && last.failed === 0 && last.limited === 0
  const figures = [
    figure(
      'requests a second, all operations together',
      `${rate}`,
      `${last.answered.toFixed(0)} of ${last.rate}${last.limited > 0 ? '; a limit of the deployment answered' : ''}`,
      reached
    ),
    ...Object.entries(operations)
      .toSorted()
      .map(([name, measured]) => judgeOperation(name, measured, operationMs, false)),
    ...Object.entries(accounts).map(([name, measured]) => judgeOperation(name, measured, operationMs, true))
  ]
  const limit = `p99 < ${validationMs} ms`
  if (validation) {
    const { withToken, without, times, added } = validation
    for (const [kind, what] of [
      ['first', 'a token seen for the first time'],
      ['again', 'a token seen before']
    ] as const)
      figures.push(
        figure(
          `added by ${what}: ${withToken} less ${without}, in pairs`,
          limit,
          told(added[kind]),
          added[kind].p99 < validationMs
        )
      )
    figures.push(figure(`${withToken} without a token: 401`, '', told(times.refused)))
    const [me, open] = [operations[withToken]?.times, operations[without]?.times]
    if (me && open)
      figures.push(
        figure(
          `added under load: p99 of ${withToken} less that of ${without}`,
          `< ${validationMs} ms`,
          `${ms(me.p99 - open.p99)} ms`,
          me.p99 - open.p99 < validationMs
        )
      )
  } else figures.push({ ...figure('what validation adds', limit, 'there is nothing to compare'), verdict: 'not run' })
  if (remaining.length > 0)
    figures.push(
      figure('accounts deleted', 'all', `${remaining.length} remain: ${remaining.map(({ email }) => email)}`, false)
    )
  return figures
}

/** Whether the ramp goes on after this step. */
export const isMissed = ({ failed, limited, operations }: Step, operationMs: number): boolean =>
  failed > 0 || limited > 0 || Object.values(operations).some(({ times }) => times !== null && times.p99 >= operationMs)
