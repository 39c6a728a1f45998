/** What stands in the address after the path, with its `?`. As it stands: wouter's own hook decodes it once, which makes `%` of `%25`. */
export { useSearch } from 'wouter/use-browser-location'
