import { aboutClaims } from './claim-checks.ts'
import type { Evidence, Explainers, Explanation } from './findings.ts'
import { aboutIssuers } from './issuer-checks.ts'
import { aboutKeys } from './keys.ts'

const explainers: Explainers = { ...aboutIssuers, ...aboutKeys, ...aboutClaims }

/** Explains why the service refuses a readable token. `reason` is the one in its log. */
export const explain = (reason: string, evidence: Evidence): Explanation =>
  explainers[reason]?.(evidence) ?? {
    broken: `it breaks the rule "${reason}"`,
    change:
      'Better Auth does not issue such tokens: check the program that issued it. docs/security.md lists what is refused, and why.'
  }
