import { createRequire } from 'node:module'
import { makeExactValidator } from 'envalid'
import type * as Tldts from 'tldts'
import { quoted } from '../util/shown-url.ts'
import { list } from './setting-types.ts'

const isWebOrigin = (text: string) =>
  /^https?:/.test(text) && !text.includes('*') && URL.canParse(text) && new URL(text).origin === text

/** Origins of apps that need no web server: `capacitor://localhost`, `chrome-extension://<id>`. */
const appOrigin =
  /^(?!(?:https?|wss?|ftp|file|data|blob|about|javascript):)[a-z][a-z\d+.-]*:\/\/[a-z\d][a-z\d._-]*(:\d{1,5})?$/

// A pattern such as `https://*.example.app`: one open label of a registrable domain (publicsuffix.org).
function isPattern(text: string): boolean {
  const [, domain = ''] = /^https:\/\/\*\.([a-z\d.-]+)(?::\d+)?$/.exec(text) ?? []
  if (!domain || !isWebOrigin(text.replace('*', 'x'))) return false
  // Loaded on demand: it takes 2 MB.
  const { getPublicSuffix }: typeof Tldts = createRequire(import.meta.url)('tldts')
  const suffix = getPublicSuffix(domain, { allowPrivateDomains: true })
  return suffix !== null && suffix !== domain
}

export const origins = makeExactValidator<string[]>((text) =>
  list(text).map((item) => {
    if (!isWebOrigin(item) && !appOrigin.test(item) && !(item.includes('*') && isPattern(item)))
      throw new Error(
        `${quoted(item, text)} is not an origin such as https://app.example.com, nor a pattern such as https://*.example.app (one label of a domain that you own)`
      )
    return item
  })
)

/** Header names in lower case (RFC 9110, section 5.1). Browsers ignore `*` for requests with credentials. */
export const headerNames = makeExactValidator<string[]>((text) =>
  list(text).map((name) => {
    if (!/^[\w!#$%&'+.^`|~-]+$/.test(name)) throw new Error(`${quoted(name, text)} is not the name of a header`)
    return name.toLowerCase()
  })
)

export const siteUrl = makeExactValidator<string>((text) => {
  const url = /^https?:\/\/[^?#@]+$/.test(text) && URL.canParse(text) ? new URL(text) : undefined
  if (!url) throw new Error(`${quoted(text)} is not a URL such as https://app.example.com`)
  return url.href.replace(/\/+$/, '')
})
