import type { TSchema } from '@sinclair/typebox'
import { components } from './common.ts'
import { ManagedUserDetails, Usage } from './managed-users.ts'
import { PersonalData } from './personal-data.ts'
import {
  MadePersonalToken,
  NewPersonalToken,
  ownScopes,
  PersonalToken,
  PersonalTokenList,
  TokenScope
} from './personal-tokens.ts'
import { ProblemCode } from './problems.ts'

/** What a product adds to the contract. */
export interface Added {
  schemas: readonly TSchema[]
  scopes: readonly string[]
  problemCodes: readonly string[]
  /** Sections of the export of a user's data. */
  personalData: Record<string, TSchema>
  /** Descriptions of the numbers that operators see of a user, and whether each answer has all of them. */
  usage: { numbers: Record<string, string>; isComplete: boolean }
}

const exampleCount = 12

/** The same schema with other examples. */
const withExamples = (schema: TSchema, change: (example: object) => object): TSchema => ({
  ...schema,
  examples: schema.examples.map(change)
})

/** The schemas of Gatehouse that list what a product has, with what it adds. */
function widened({ scopes, problemCodes, personalData, usage }: Added): TSchema[] {
  const allScopes = [...scopes, ...ownScopes]
  const examplesOf = (schemas: Record<string, TSchema>) =>
    Object.fromEntries(Object.entries(schemas).map(([name, { examples = [[]] }]) => [name, examples[0]]))
  const names = Object.keys(usage.numbers)
  const usageExample = Object.fromEntries(names.map((name) => [name, exampleCount]))
  const inScope = (example: object): object =>
    JSON.parse(JSON.stringify(example).replaceAll(JSON.stringify(ownScopes), JSON.stringify(allScopes.slice(0, 1))))
  return [
    { ...TokenScope, enum: allScopes },
    { ...ProblemCode, enum: [...ProblemCode.enum, ...problemCodes] },
    ...[PersonalToken, PersonalTokenList, NewPersonalToken, MadePersonalToken].map((s) => withExamples(s, inScope)),
    {
      ...withExamples(PersonalData, (example) => ({ ...example, ...examplesOf(personalData) })),
      properties: { ...PersonalData.properties, ...personalData },
      required: [...(PersonalData.required as string[]), ...Object.keys(personalData)]
    },
    {
      ...Usage,
      properties: Object.fromEntries(
        Object.entries(usage.numbers).map(([name, description]) => [name, { type: 'integer', description }])
      ),
      ...(usage.isComplete && { required: names }),
      examples: [usageExample]
    },
    withExamples(ManagedUserDetails, (example) => ({ ...example, usage: usageExample }))
  ]
}

/** Every named schema of the contract, by name. Throws for a schema of a product that has the name of another one. */
export function componentsOf(added: Added): TSchema[] {
  const all = new Map<string, TSchema>()
  for (const schema of [...components(), ...added.schemas]) {
    const name = String(schema.$id)
    if (all.has(name) && all.get(name) !== schema)
      throw new Error(`Two schemas have the name ${name}: give the product's schema another $id`)
    all.set(name, schema)
  }
  for (const schema of widened(added)) all.set(String(schema.$id), schema)
  return [...all.values()].sort((a, b) => String(a.$id).localeCompare(String(b.$id)))
}
