// Preloaded into each process of tap (`node-arg` in package.json).
import { AsyncLocalStorage, AsyncResource, executionAsyncResource } from 'node:async_hooks'
import { registerHooks } from 'node:module'

const current = new AsyncLocalStorage<Domain>()

/** The domain of the file, of which the tests are part. */
let outermost: Domain | undefined

/**
 * Replaces the package `async-hook-domain`, from which tap learns of errors that no promise of a test reports: of the
 * test whose call led to them. That package follows every promise with an async hook, which takes 5 to 10 % of the CPU
 * time of a run; `AsyncLocalStorage` takes next to none.
 */
export class Domain {
  readonly onerror: (error: unknown, origin: NodeJS.UncaughtExceptionOrigin) => void
  readonly parent = current.getStore()
  isDestroyed = false

  /** A domain of what the current `AsyncResource` runs, or of what follows where there is none. */
  constructor(onerror: Domain['onerror']) {
    this.onerror = onerror
    outermost ??= this
    const scope = executionAsyncResource()
    if (!(scope instanceof AsyncResource)) current.enterWith(this)
    else {
      const run = scope.runInAsyncScope.bind(scope)
      scope.runInAsyncScope = (work: () => never, ...values) => run(() => current.run(this, work.bind(...values)))
    }
  }

  destroy(): void {
    this.isDestroyed = true
  }
}

process.on('uncaughtExceptionMonitor', (error, origin) => {
  // A test that listens itself takes the error.
  if (process.hasUncaughtExceptionCaptureCallback() || process.listenerCount('uncaughtException') > 0) return
  let domain = current.getStore() ?? outermost
  while (domain?.isDestroyed) domain = domain.parent
  if (!domain) return
  domain.onerror(error, origin)
  // The process goes on.
  process.setUncaughtExceptionCaptureCallback(() => process.setUncaughtExceptionCaptureCallback(null))
})

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'async-hook-domain'
      ? { url: import.meta.url, format: 'module-typescript', shortCircuit: true }
      : next(specifier, context)
})
