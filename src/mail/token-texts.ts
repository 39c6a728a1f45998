import type { MailKind } from '../repositories/outbox.ts'
import type { Language } from './languages.ts'
import type { Facts, Words } from './texts.ts'

type TokenKind = Extract<MailKind, `token.${string}`>

/** The words of notices about personal access tokens. None repeats the name of the token, which somebody chose. */
export const tokenTexts: Record<Language, Record<TokenKind, (facts: Facts) => Words>> = {
  en: {
    'token.created': ({ app, origin, when }) => ({
      subject: `An access token was created for your ${app} account`,
      opening: [`Your ${app} account has a new personal access token. A program that has it can use your account.`],
      closing: [
        `It was created from ${origin}, ${when}.`,
        'If it was you, there is nothing to do. If not, change your password now, which ends all tokens and all other sessions.'
      ]
    })
  },
  de: {
    'token.created': ({ app, origin, when }) => ({
      subject: `${app}: Neues Zugriffstoken für Ihr Konto`,
      opening: [
        `Ihr Konto bei ${app} hat ein neues persönliches Zugriffstoken. Ein Programm, das es hat, kann Ihr Konto benutzen.`
      ],
      closing: [
        `Erstellt aus ${origin}, ${when}.`,
        'Waren Sie das, ist nichts zu tun. Wenn nicht, ändern Sie jetzt Ihr Passwort: Das beendet alle Tokens und alle anderen Sitzungen.'
      ]
    })
  }
}
