import { operatorAddress } from '../auth/client.ts'
import type { MailKind } from '../repositories/outbox.ts'
import { browserOf } from './browsers.ts'
import { emailChangeTexts } from './email-change-texts.ts'
import { factorTexts } from './factor-texts.ts'
import type { Language } from './languages.ts'
import { passkeyTexts } from './passkey-texts.ts'
import { tokenTexts } from './token-texts.ts'

/** The words of a mail. */
export interface Words {
  subject: string
  /** Paragraphs before the link and the code. */
  opening: string[]
  /** The label of the link. */
  action?: string
  /** What the code is for. */
  code?: string
  /** Paragraphs after them, such as what to do if it was somebody else. */
  closing: string[]
}

export interface Facts {
  app: string
  /** Who caused the mail. */
  origin: string
  when: string
}

/** The sender decides what a sign-up and a change of address get: a link, or that the address has an account. */
export type LetterKind = Exclude<MailKind, 'sign-up'> | 'sign-up.taken' | 'email.taken'

type Texts = Record<LetterKind, (facts: Facts) => Words>

const english: Texts = {
  ...emailChangeTexts.en,
  ...factorTexts.en,
  ...passkeyTexts.en,
  ...tokenTexts.en,
  reset: ({ app, origin, when }) => ({
    subject: `Reset your ${app} password`,
    opening: [`Somebody asked to reset the password of your ${app} account. The link works once, within 30 minutes.`],
    action: 'Choose a new password',
    code: 'Or enter this code in the app:',
    closing: [
      `The request came from ${origin}, ${when}.`,
      'If it was not you, ignore this mail: your password stays as it is. Give the link and the code to nobody.'
    ]
  }),
  verify: ({ app, origin, when }) => ({
    subject: `Confirm your address for ${app}`,
    opening: [`Somebody used this address for an account at ${app}. The link works once, within 24 hours.`],
    action: 'Confirm this address',
    code: 'Or enter this code in the app:',
    closing: [
      `The request came from ${origin}, ${when}.`,
      'If it was not you, ignore this mail and confirm nothing. Give the link and the code to nobody.'
    ]
  }),
  'sign-up.taken': ({ app, origin, when }) => ({
    subject: `You already have a ${app} account`,
    opening: [
      `Somebody tried to create a ${app} account with this address, which already has one. Sign in with the password that you have.`,
      'If you forgot it, choose "Forgot password?" on the sign-in page. If you changed the address of your account in the last days, sign in with the new one.'
    ],
    closing: [
      `The request came from ${origin}, ${when}.`,
      'If it was not you, ignore this mail: nothing has changed, and whoever asked was not told.'
    ]
  }),
  'login.new': ({ app, origin, when }) => ({
    subject: `New sign-in to your ${app} account`,
    opening: [`Somebody signed in to your ${app} account from a network or with a browser that is new for it.`],
    closing: [
      `The sign-in came from ${origin}, ${when}.`,
      'If it was you, there is nothing to do. If not, change your password now, which ends all other sessions. If you can no longer sign in, choose "Forgot password?" on the sign-in page.'
    ]
  }),
  'password.changed': ({ app, origin, when }) => ({
    subject: `Your ${app} password was changed`,
    opening: [
      `The password of your ${app} account was changed. All other sessions and all personal access tokens have ended.`
    ],
    closing: [
      `It was changed from ${origin}, ${when}.`,
      'If it was not you, somebody else can use your account: reset your password now, with "Forgot password?" on the sign-in page.'
    ]
  })
}

const german: Texts = {
  ...emailChangeTexts.de,
  ...factorTexts.de,
  ...passkeyTexts.de,
  ...tokenTexts.de,
  reset: ({ app, origin, when }) => ({
    subject: `${app}: Passwort zurücksetzen`,
    opening: [
      `Jemand möchte das Passwort Ihres Kontos bei ${app} zurücksetzen. Der Link funktioniert einmal, innerhalb von 30 Minuten.`
    ],
    action: 'Neues Passwort wählen',
    code: 'Oder geben Sie diesen Code in der App ein:',
    closing: [
      `Die Anfrage kam aus ${origin}, ${when}.`,
      'Waren Sie das nicht, ignorieren Sie diese Mail: Ihr Passwort bleibt, wie es ist. Geben Sie Link und Code niemandem weiter.'
    ]
  }),
  verify: ({ app, origin, when }) => ({
    subject: `${app}: Adresse bestätigen`,
    opening: [
      `Jemand hat diese Adresse für ein Konto bei ${app} angegeben. Der Link funktioniert einmal, innerhalb von 24 Stunden.`
    ],
    action: 'Diese Adresse bestätigen',
    code: 'Oder geben Sie diesen Code in der App ein:',
    closing: [
      `Die Anfrage kam aus ${origin}, ${when}.`,
      'Waren Sie das nicht, ignorieren Sie diese Mail und bestätigen Sie nichts. Geben Sie Link und Code niemandem weiter.'
    ]
  }),
  'sign-up.taken': ({ app, origin, when }) => ({
    subject: `${app}: Sie haben bereits ein Konto`,
    opening: [
      `Jemand wollte mit dieser Adresse ein Konto bei ${app} anlegen, doch sie hat bereits eines. Melden Sie sich mit Ihrem bisherigen Passwort an.`,
      'Wenn Sie es vergessen haben, wählen Sie „Passwort vergessen?“ auf der Anmeldeseite. Wenn Sie die Adresse Ihres Kontos in den letzten Tagen geändert haben, melden Sie sich mit der neuen an.'
    ],
    closing: [
      `Die Anfrage kam aus ${origin}, ${when}.`,
      'Waren Sie das nicht, ignorieren Sie diese Mail: Es hat sich nichts geändert, und wer gefragt hat, erfährt nichts.'
    ]
  }),
  'login.new': ({ app, origin, when }) => ({
    subject: `${app}: Neue Anmeldung bei Ihrem Konto`,
    opening: [
      `Jemand hat sich bei Ihrem Konto bei ${app} aus einem neuen Netz oder mit einem neuen Browser angemeldet.`
    ],
    closing: [
      `Die Anmeldung kam aus ${origin}, ${when}.`,
      'Waren Sie das, ist nichts zu tun. Wenn nicht, ändern Sie jetzt Ihr Passwort: Das beendet alle anderen Sitzungen. Wenn Sie sich nicht mehr anmelden können, wählen Sie „Passwort vergessen?“ auf der Anmeldeseite.'
    ]
  }),
  'password.changed': ({ app, origin, when }) => ({
    subject: `${app}: Ihr Passwort wurde geändert`,
    opening: [
      `Das Passwort Ihres Kontos bei ${app} wurde geändert. Alle anderen Sitzungen und alle persönlichen Zugriffstokens sind beendet.`
    ],
    closing: [
      `Geändert aus ${origin}, ${when}.`,
      'Waren Sie das nicht, kann jemand anderes Ihr Konto benutzen: Setzen Sie Ihr Passwort jetzt zurück, mit „Passwort vergessen?“ auf der Anmeldeseite.'
    ]
  })
}

const texts: Record<Language, Texts> = { en: english, de: german }

export const mailKinds = Object.keys(english) as LetterKind[]

/** Made once: one takes as long as the rest of a mail. */
const dateFormat = (language: Language) =>
  new Intl.DateTimeFormat(language, { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' })
const dates: Record<Language, Intl.DateTimeFormat> = { en: dateFormat('en'), de: dateFormat('de') }

const originWords = {
  en: {
    operator: 'a console of the people who run the service',
    network: 'the network',
    unknown: 'an unknown network',
    on: 'on',
    browser: 'an unknown browser'
  },
  de: {
    operator: 'einer Konsole der Betreiber des Dienstes',
    network: 'dem Netz',
    unknown: 'einem unbekannten Netz',
    on: 'auf',
    browser: 'unbekannter Browser'
  }
} as const

/** Who made a request, for people: network and browser. */
function originOf(language: Language, address: string | null, userAgent: string | null): string {
  const words = originWords[language]
  if (address === operatorAddress) return words.operator
  const { browser = words.browser, system } = browserOf(userAgent)
  const network = address === null ? words.unknown : `${words.network} ${address}`
  return `${network} (${browser}${system ? ` ${words.on} ${system}` : ''})`
}

/** The words of a mail in a language. `at` is RFC 3339. */
export function wordsOf(
  kind: LetterKind,
  language: Language,
  { app, address, userAgent, at }: { app: string; address: string | null; userAgent: string | null; at: string }
): Words {
  return texts[language][kind]({
    app,
    origin: originOf(language, address, userAgent),
    when: `${dates[language].format(new Date(at))} UTC`
  })
}
