/** Returns a URL as logs and messages show it: without user name, password, query and fragment, which may hold secrets. */
export function shownUrl(url: string): string {
  const { protocol, host, pathname } = new URL(url)
  return `${protocol}//${host}${pathname}`
}

/** Quotes a wrong setting for a message. Text with an `@` is not repeated: nothing tells where in it a password ends. */
export function quoted(text: string, whole = text): string {
  if (whole.includes('@')) return 'a value with an @, not shown because it may hold a password,'
  return JSON.stringify(/[?#]/.test(text) && URL.canParse(text) ? shownUrl(text) : text)
}
