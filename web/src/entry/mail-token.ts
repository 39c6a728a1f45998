import { useEffect, useState } from 'react'

/** In the fragment, which browsers send to no server. */
const read = () => new URLSearchParams(location.hash.slice(1)).get('token') ?? ''

/** The token of a mail's link; empty without one. A second link in the same tab changes only the fragment. */
export function useMailToken(): string {
  const [token, setToken] = useState(read)

  useEffect(() => {
    // Other fragments, such as the one that skips to the content, leave it as it is.
    const follow = () => setToken((before) => read() || before)
    addEventListener('hashchange', follow)
    return () => removeEventListener('hashchange', follow)
  }, [])

  return token
}
