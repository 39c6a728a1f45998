import type { MailKind } from '../repositories/outbox.ts'
import type { Language } from './languages.ts'
import type { Facts, Words } from './texts.ts'

type PasskeyKind = Extract<MailKind, `passkey.${string}`>

/** The words of notices about passkeys. None repeats the name of the passkey, which somebody chose. */
export const passkeyTexts: Record<Language, Record<PasskeyKind, (facts: Facts) => Words>> = {
  en: {
    'passkey.added': ({ app, origin, when }) => ({
      subject: `A passkey was added to your ${app} account`,
      opening: [`Your ${app} account has a new passkey. Whoever has it can sign in.`],
      closing: [
        `It was added from ${origin}, ${when}.`,
        'If it was you, there is nothing to do. If not, remove the passkey on the account page and change your password now, which ends all other sessions.'
      ]
    }),
    'passkey.removed': ({ app, origin, when }) => ({
      subject: `A passkey was removed from your ${app} account`,
      opening: [`A passkey of your ${app} account was removed. It no longer signs in.`],
      closing: [
        `It was removed from ${origin}, ${when}.`,
        'If it was you, there is nothing to do. If not, somebody else can use your account: change your password now, which ends all other sessions.'
      ]
    })
  },
  de: {
    'passkey.added': ({ app, origin, when }) => ({
      subject: `${app}: Neuer Passkey für Ihr Konto`,
      opening: [`Ihr Konto bei ${app} hat einen neuen Passkey. Wer ihn hat, kann sich anmelden.`],
      closing: [
        `Hinzugefügt aus ${origin}, ${when}.`,
        'Waren Sie das, ist nichts zu tun. Wenn nicht, entfernen Sie den Passkey auf der Kontoseite und ändern Sie jetzt Ihr Passwort: Das beendet alle anderen Sitzungen.'
      ]
    }),
    'passkey.removed': ({ app, origin, when }) => ({
      subject: `${app}: Passkey aus Ihrem Konto entfernt`,
      opening: [`Ein Passkey Ihres Kontos bei ${app} wurde entfernt. Mit ihm kann sich niemand mehr anmelden.`],
      closing: [
        `Entfernt aus ${origin}, ${when}.`,
        'Waren Sie das, ist nichts zu tun. Wenn nicht, kann jemand anderes Ihr Konto benutzen: Ändern Sie jetzt Ihr Passwort. Das beendet alle anderen Sitzungen.'
      ]
    })
  }
}
