import Negotiator from 'negotiator'

export const languages = ['en', 'de'] as const
export type Language = (typeof languages)[number]

/** The language of mails that a request asks for (RFC 9110, section 12.5.4); English if none of ours. */
export const languageOf = (acceptLanguage = ''): Language =>
  (new Negotiator({ headers: { 'accept-language': acceptLanguage } }).language([...languages]) ?? 'en') as Language
