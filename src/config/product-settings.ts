import { bool, customCleanEnv, EnvMissingError, str, type ValidatorSpec } from 'envalid'
import { between, duration, httpUrl } from './setting-types.ts'

/** The settings of a product, by their names in the environment. */
export type Specs = Record<string, ValidatorSpec<unknown>>
export type Values<S extends Specs> = { readonly [Name in keyof S]: S[Name] extends ValidatorSpec<infer T> ? T : never }

/** What a setting can be. Each takes options such as a default: `setting.between(1, 1_000)({ default: 100 })`. */
export const setting = {
  text: str,
  flag: bool,
  /** A whole number. */
  between,
  /** Such as `15m` or `7d`, in seconds. */
  duration,
  httpUrl
}

/** Reads the settings of a product. Those with a name of ours are refused. */
export function productSettings<S extends Specs>(
  environment: Record<string, string>,
  specs: S,
  ours: object,
  complain: (problem: string) => void
): Values<S> {
  for (const name of Object.keys(specs).filter((name) => name in ours)) complain(`${name}: is a setting of Gatehouse`)
  return customCleanEnv(environment, specs, (valid) => valid, {
    reporter: ({ errors }) => {
      for (const [name, error] of Object.entries(errors))
        complain(`${name}: ${error instanceof EnvMissingError ? 'is required' : error?.message}`)
    }
  }) as Values<S>
}
