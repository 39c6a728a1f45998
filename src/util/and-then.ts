/**
 * Applies `next` to a value, synchronously unless the value is a promise. On the hot path most values are available,
 * and a promise would cost more than the check itself.
 */
export function andThen<T, R>(value: T | Promise<T>, next: (value: T) => R | Promise<R>): R | Promise<R> {
  return value instanceof Promise ? value.then(next) : next(value)
}
