import type { MailKind } from '../repositories/outbox.ts'
import type { Language } from './languages.ts'
import type { Facts, Words } from './texts.ts'

type FactorKind = Extract<MailKind, `totp.${string}` | 'recovery_code.used'>

/** The words of notices about second factors. */
export const factorTexts: Record<Language, Record<FactorKind, (facts: Facts) => Words>> = {
  en: {
    'totp.on': ({ app, origin, when }) => ({
      subject: `An authenticator app was added to your ${app} account`,
      opening: [`From now on, signing in to your ${app} account takes a code of the app as well as the password.`],
      closing: [
        `It was added from ${origin}, ${when}.`,
        `If it was you, there is nothing to do. If not, somebody else can use your account: ask the people who run ${app} for help.`
      ]
    }),
    'totp.off': ({ app, origin, when }) => ({
      subject: `The authenticator app of your ${app} account was removed`,
      opening: [`Signing in to your ${app} account no longer takes a code of the app.`],
      closing: [
        `It was removed from ${origin}, ${when}.`,
        'If it was you, there is nothing to do. If not, change your password now, which ends all other sessions.'
      ]
    }),
    'recovery_code.used': ({ app, origin, when }) => ({
      subject: `A recovery code of your ${app} account was used`,
      opening: [
        `Somebody used a recovery code of your ${app} account in place of a second factor. It does not work again.`
      ],
      closing: [
        `It was used from ${origin}, ${when}.`,
        'If it was you, there is nothing to do. If not, change your password now, which ends all other sessions, and make new recovery codes.'
      ]
    })
  },
  de: {
    'totp.on': ({ app, origin, when }) => ({
      subject: `${app}: Authenticator-App für Ihr Konto hinzugefügt`,
      opening: [`Von nun an brauchen Sie bei der Anmeldung bei ${app} außer dem Passwort einen Code der App.`],
      closing: [
        `Hinzugefügt aus ${origin}, ${when}.`,
        `Waren Sie das, brauchen Sie nichts zu tun. Waren Sie es nicht, kann jemand anderes Ihr Konto benutzen: Bitten Sie die Betreiber von ${app} um Hilfe.`
      ]
    }),
    'totp.off': ({ app, origin, when }) => ({
      subject: `${app}: Authenticator-App Ihres Kontos entfernt`,
      opening: [`Die Anmeldung bei ${app} verlangt keinen Code der App mehr.`],
      closing: [
        `Entfernt aus ${origin}, ${when}.`,
        'Waren Sie das, brauchen Sie nichts zu tun. Waren Sie es nicht, ändern Sie jetzt Ihr Passwort: Das beendet alle anderen Sitzungen.'
      ]
    }),
    'recovery_code.used': ({ app, origin, when }) => ({
      subject: `${app}: Wiederherstellungscode Ihres Kontos benutzt`,
      opening: [
        `Jemand hat einen Wiederherstellungscode Ihres Kontos bei ${app} anstelle des zweiten Faktors benutzt. Er funktioniert kein zweites Mal.`
      ],
      closing: [
        `Benutzt aus ${origin}, ${when}.`,
        'Waren Sie das, brauchen Sie nichts zu tun. Waren Sie es nicht, ändern Sie jetzt Ihr Passwort, was alle anderen Sitzungen beendet, und erzeugen Sie neue Wiederherstellungscodes.'
      ]
    })
  }
}
