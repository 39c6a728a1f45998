const pages = new Set(['/', '/profile', '/sessions', '/password', '/delete-account'])

/** The address of the login page that leads back to where one is. */
export function loginFrom(path: string, search: string): string {
  const here = search ? `${path}?${search}` : path
  return here === '/' ? '/login' : `/login?next=${encodeURIComponent(here)}`
}

/** Where to go after logging in: only to a page of ours, whatever the address says. */
export function nextPage(search: string): string {
  const next = new URLSearchParams(search).get('next') ?? '/'
  const [path = '', query] = next.split('?', 2)
  if (!pages.has(path)) return '/'
  return query ? `${path}?${query}` : path
}
