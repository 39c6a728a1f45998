const pages = new Set(['/', '/profile', '/sessions', '/password', '/delete-account'])

/** The address of the login page, with the current page to return to. */
export function loginFrom(path: string, search: string): string {
  const here = path + search
  return here === '/' ? '/login' : `/login?next=${encodeURIComponent(here)}`
}

/** The page to open after signing in: only one of ours, whatever the address contains. */
export function nextPage(search: string): string {
  const next = new URLSearchParams(search).get('next') ?? '/'
  // Only the first question mark ends the path: a search may contain another one.
  const [path = ''] = next.split('?', 1)
  return pages.has(path) ? next : '/'
}
