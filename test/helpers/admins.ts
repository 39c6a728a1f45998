import type { FastifyInstance, LightMyRequestResponse } from 'fastify'
import type { Test } from 'tap'
import { caller, password } from './app.ts'

/** Makes a user an admin, as the command line does, and signs them in. */
export async function promoted(app: FastifyInstance, { id, email }: { id: string; email: string }) {
  await app.db.updateTable('users').set({ role: 'admin' }).where('id', '=', id).execute()
  await app.revocations.catchUp()
  const { access_token } = (await caller(app).post('/api/auth/login', { email, password })).json()
  return { id, email, token: access_token as string, ...caller(app, access_token) }
}

const statuses: Record<string, number> = {
  validation_failed: 400,
  invalid_credentials: 401,
  step_up_required: 401,
  forbidden: 403,
  not_found: 404,
  last_admin: 409,
  unavailable: 503
}

/** Checks an answer to a request that an admin may not make. */
export function denied(t: Test, answer: LightMyRequestResponse, code: string, what: string, bodiless = false): void {
  t.equal(answer.statusCode, statuses[code], what)
  t.equal(bodiless ? answer.body : answer.json().code, bodiless ? '' : code, what)
}
