/**
 * Goes on with a value: at once where it is there, later where it is promised. On the hot path, where nobody has to be asked
 * for nearly every request, a promise would cost more than the check itself.
 */
export function andThen<T, R>(value: T | Promise<T>, next: (value: T) => R | Promise<R>): R | Promise<R> {
  return value instanceof Promise ? value.then(next) : next(value)
}
