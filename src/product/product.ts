import { type TSchema, Type } from '@sinclair/typebox'
import type { Kysely } from 'kysely'
import type { MigrationProvider } from 'kysely/migration'
import type { Added } from '../../schemas/components.ts'
import type { PersonalSections } from '../auth/personal-export.ts'
import type { Erase } from '../auth/removal.ts'
import type { Config } from '../config/config.ts'
import type { Specs, Values } from '../config/product-settings.ts'
import type { Database } from '../database/tables.ts'
import type { ProblemFactory } from '../http/problems.ts'
import type { Routes } from '../http/typebox.ts'

/** A plugin with routes, and where it is mounted. Further members are handed to the plugin as options. */
export interface Mount {
  prefix: string
  routes: Routes<never>
  [option: string]: unknown
}

/** By what protects them. */
export interface RouteLists {
  /** Nothing. */
  public?: readonly Mount[]
  /** The access token of a user, or a personal access token where the route has a scope. */
  authenticated?: readonly Mount[]
  /** The access token of an admin. */
  admin?: readonly Mount[]
}

/** The head of the OpenAPI document. */
export interface ApiInfo {
  title?: string
  version?: string
  description?: string
  /** What the tags of the routes mean; by default `Your <tag>`. */
  tags?: Record<string, string>
}

/** What an operator sees of what a user stores. */
export interface Usage {
  /** What each number counts. */
  numbers: Record<string, string>
  /** Whether every answer has all numbers. By default those that `read` fails to give are left out. */
  isComplete?: boolean
  read: (db: Kysely<Database>, userId: string) => Promise<Record<string, number>>
}

/** A method, so that a product with settings of its own is a product. */
interface RoutesOf<Settings extends Specs> {
  of(config: Omit<Config, 'settings'> & { settings: Values<Settings> }): RouteLists
}

type Work = (db: Kysely<Database>) => Promise<unknown>

/** What is built on Gatehouse. */
export interface Product<Settings extends Specs = Specs> {
  api?: ApiInfo
  /** Settings of its own, which are in `config.settings`. */
  settings?: Settings
  routes?: RouteLists | RoutesOf<Settings>['of']
  /** Named schemas, which become components of the OpenAPI document. */
  schemas?: readonly TSchema[]
  /** Scopes of personal access tokens, such as `notes:read`. */
  scopes?: readonly string[]
  problems?: readonly ProblemFactory[]
  /** Pages of our web app besides those of accounts, for a product that has their routes. */
  pages?: readonly 'tasks'[]
  /** A folder, or what provides the migrations. They run after ours, and are recorded in a table of their own. */
  migrations?: string | URL | MigrationProvider
  /** What the export of a user's data has of each table with a foreign key to `users`. */
  personalData?: PersonalSections
  /** Runs in the transaction that deletes an account, before its row is deleted with what refers to it. */
  erase?: Erase
  /** Runs once an hour in every process. */
  housekeeping?: Work
  /** Runs when the database is migrated. After three seconds the service listens meanwhile. */
  beforeListening?: Work
  usage?: Usage
}

/** Returns the same product, with the types of its settings. */
export const defineProduct = <const Settings extends Specs>(product: Product<Settings>): Product<Settings> => product

const scope = /^[a-z][a-z0-9_-]*:[a-z][a-z0-9_-]*$/

/** Throws an error that lists what is wrong with a product. */
export function checkProduct(
  { scopes = [], problems = [] }: Product,
  ours: { scopes: readonly string[]; codes: readonly string[] }
): void {
  const codes = problems.map(({ definition }) => definition.code)
  const twice = (words: readonly string[]) => words.filter((word, i) => words.indexOf(word) < i)
  const wrong = [
    ...scopes.filter((name) => !scope.test(name)).map((name) => `the scope ${name} must be like notes:read`),
    ...twice([...ours.scopes, ...scopes]).map((name) => `there is a scope ${name} already`),
    ...twice([...ours.codes, ...codes]).map((code) => `there is a problem ${code} already`)
  ]
  if (wrong.length > 0) throw new Error(`The product is wrong: ${wrong.join('; ')}`)
}

/** What a product adds to the schemas of the contract. */
export function addedBy({ schemas = [], scopes = [], problems = [], personalData = {}, usage }: Product): Added {
  const sections = Object.entries(personalData).flatMap(([name, section]) => {
    if ('not' in section) return []
    const { description = `What there is in ${name}` } = section
    const items =
      'schema' in section && section.schema ? section.schema : Type.Object({}, { additionalProperties: true })
    return [[name, Type.Array(items, { description })]]
  })
  return {
    schemas,
    scopes,
    problemCodes: problems.map(({ definition }) => definition.code),
    personalData: Object.fromEntries(sections),
    usage: { numbers: usage?.numbers ?? {}, isComplete: usage?.isComplete ?? false }
  }
}

/** The routes of a product with these settings. Throws if the configuration was read without those of the product. */
export function routesOf({ routes = {}, settings = {} }: Product, config: Config): RouteLists {
  const missing = Object.keys(settings).filter((name) => !(name in config.settings))
  if (missing.length > 0)
    throw new Error(
      `The configuration lacks ${missing.join(', ')}: read it with loadConfig(undefined, [], product.settings)`
    )
  return typeof routes === 'function' ? routes(config) : routes
}

/** Paths of Gatehouse, also of later releases, and of what it has for every product. */
const reserved =
  /^\/(?:(?:api\/(?:auth|revocations|admin\/(?:users|events|audit))|health|docs|openapi\.(?:json|yaml))(?:\/|$)|\.well-known\/(?:jwks\.json|oauth-authorization-server|security\.txt|change-password|gatehouse))/

/** Whether a path is one of Gatehouse, which a product cannot have. */
export const isReserved = (path: string): boolean => reserved.test(path)

interface AddedRoute {
  method: string | string[]
  url: string
  schema?: { response?: unknown; hide?: boolean }
}

/** Throws an error about a route of a product that is among ours, or has no schema of its answers: every column of a row would be sent. */
export function checkRoute({ method, url, schema }: AddedRoute): void {
  if (isReserved(url))
    throw new Error(`${method} ${url} is below a path of Gatehouse: use another one, such as /api/notes`)
  if (!schema?.response && !schema?.hide)
    throw new Error(`${method} ${url} has no schema.response: without one, all columns of a row would be sent`)
}
