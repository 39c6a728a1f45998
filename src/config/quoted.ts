/** A value as a message may repeat it: not when it, or the list that it is from, may hold a password as URLs do. */
export const quoted = (text: string, whole = text): string =>
  whole.includes('@') ? 'a value with an @, not shown because it may hold a password,' : JSON.stringify(text)
