/**
 * Quotes a value for a message. A value or list with an `@` is not repeated, because a URL in it may contain a
 * password.
 */
export const quoted = (text: string, whole = text): string =>
  whole.includes('@') ? 'a value with an @, not shown because it may hold a password,' : JSON.stringify(text)
