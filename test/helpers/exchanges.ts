import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify'
import { operationOf } from './contract.ts'

/** A request of a caller (app.ts) and its answer. */
export interface Exchange {
  method: string
  url: string
  request: InjectOptions
  answer: LightMyRequestResponse
}

let kept: Exchange[] | undefined

/** From now on, keeps what all callers of this process exchange with operations of the contract, in the returned list. */
export function keepExchanges(): Exchange[] {
  kept = []
  return kept
}

export function keepExchange(app: FastifyInstance, exchange: Exchange): void {
  if (kept && operationOf(app, exchange.method, exchange.url)) kept.push(exchange)
}
