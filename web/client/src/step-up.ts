import { GatehouseProblem } from './problem.ts'
import type { State } from './state.ts'

export type Confirmed = ReturnType<typeof createStepUp>

/** When the server requires a step-up, asks the app once for all calls that wait, and repeats each of them once. */
export function createStepUp(state: State, ask: (() => Promise<boolean>) | undefined) {
  let asked: Promise<boolean> | undefined

  return async function confirmed<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call()
    } catch (error) {
      if (!ask || !(error instanceof GatehouseProblem && error.code === 'step_up_required')) throw error
      const userId = state.access()?.userId
      asked ??= ask().finally(() => {
        asked = undefined
      })
      // Another user may have signed in meanwhile: this request is not theirs.
      if (!(await asked) || state.access()?.userId !== userId) throw error
      return call()
    }
  }
}
