/** The query string with its `?`, undecoded: wouter's own hook decodes it, which turns `%25` into `%`. */
export { useSearch } from 'wouter/use-browser-location'
