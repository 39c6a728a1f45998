// The public interface of @gatehouse/server: what a product is built from.
// Each of these imports adds types to Fastify, which declarations lose without it.
import '@fastify/jwt'
import '@fastify/swagger'
import '../plugins/authentication.ts'
import '../plugins/bodies.ts'
import '../plugins/client.ts'
import '../plugins/cursors.ts'
import '../plugins/database.ts'
import '../plugins/limits.ts'
import '../plugins/mail.ts'
import '../plugins/openapi.ts'
import '../plugins/turns.ts'

export { type Static, type TSchema, Type } from '@sinclair/typebox'
export type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
export { type Generated, type Kysely, sql, type Transaction } from 'kysely'
export { answer, nothing } from '../schemas/answers.ts'
export {
  filledText,
  id,
  nullable,
  oneOf,
  optional,
  pageOf,
  pageParameters,
  ref,
  text,
  timestamp
} from '../schemas/common.ts'
export { IdempotencyKey, IfMatch, IfNoneMatch } from '../schemas/headers.ts'
export { buildApp } from './app.ts'
export type { User } from './auth/auth.ts'
export type { PersonalSection, PersonalSections } from './auth/personal-export.ts'
export { type Config, loadConfig } from './config/config.ts'
export { type Specs, setting } from './config/product-settings.ts'
export { prepared, type Value } from './database/prepared.ts'
// As a whole, because a product adds its tables to Database, which TypeScript allows through `export *` only.
export * from './database/tables.ts'
export type { Cursors } from './http/cursors.ts'
export { idempotent } from './http/idempotency.ts'
export type { BodyStream } from './http/large-bodies.ts'
export { sendPage } from './http/large-pages.ts'
export { keysetPage } from './http/paging.ts'
export { etagOf, ifMatch, type NoContent, sendVersion, whyUnchanged } from './http/preconditions.ts'
export { defineProblem, type FieldError, Problem, type ProblemFactory, problems } from './http/problems.ts'
export type { Routes } from './http/typebox.ts'
export { createLog } from './logging/log.ts'
export { start } from './process/start.ts'
export { type ApiInfo, defineProduct, type Mount, type Product, type RouteLists } from './product/product.ts'
export { type Claim, insertOnce } from './repositories/idempotency-keys.ts'
export { keysetPages, type Page, type PageOptions, type Position } from './repositories/keyset.ts'
export { hasVersion, nextVersion, type Versions } from './repositories/versions.ts'
export { newId } from './util/ids.ts'
