import type { OverloadLimits } from '../../src/config/config.ts'
import { patience } from './wait.ts'

/** No setting allows a cost below 10. This one takes 1.4 ms instead of 55. */
export const cheapestHash = 4

/** On a busy machine everything waits, and only tests of overload may be refused for that. */
export const patient: OverloadLimits = { maxEventLoopDelay: 0, memory: () => 0, queueWait: patience }
