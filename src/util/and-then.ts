/** Applies `next`; synchronously unless the value is a promise, because a promise on the hot path costs more than the check. */
export function andThen<T, R>(value: T | Promise<T>, next: (value: T) => R | Promise<R>): R | Promise<R> {
  return value instanceof Promise ? value.then(next) : next(value)
}
