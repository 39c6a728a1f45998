const pages = new Set(['/', '/profile', '/sessions', '/password', '/delete-account'])

/** The address of the login page that leads back to where one is. */
export function loginFrom(path: string, search: string): string {
  const here = path + search
  return here === '/' ? '/login' : `/login?next=${encodeURIComponent(here)}`
}

/** Where to go after logging in: only to a page of ours, whatever the address says. */
export function nextPage(search: string): string {
  const next = new URLSearchParams(search).get('next') ?? '/'
  // Only the first question mark ends the path: what is searched for may have one too.
  const [path = ''] = next.split('?', 1)
  return pages.has(path) ? next : '/'
}
