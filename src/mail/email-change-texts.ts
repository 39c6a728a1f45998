import type { Language } from './languages.ts'
import type { Facts, LetterKind, Words } from './texts.ts'

type EmailKind = Extract<LetterKind, `email.${string}`>

/** The words of mails about a change of address. None names the other address, which somebody chose. */
export const emailChangeTexts: Record<Language, Record<EmailKind, (facts: Facts) => Words>> = {
  en: {
    'email.confirm': ({ app, origin, when }) => ({
      subject: `Confirm your new ${app} address`,
      opening: [`Somebody asked to use this address for their ${app} account. The link works once, within 24 hours.`],
      action: 'Confirm the address',
      code: 'Or enter this code in the app, where you asked for the change:',
      closing: [
        `The request came from ${origin}, ${when}.`,
        'If it was not you, ignore this mail: nothing changes. Give the link and the code to nobody.'
      ]
    }),
    'email.taken': ({ app, origin, when }) => ({
      subject: `Your address was entered for another ${app} account`,
      opening: [
        `Somebody asked to use this address for their ${app} account. It belongs to another account, or did until some days ago, so nothing has changed.`,
        'If it was you, first change the address of the account that has it, or delete that account.'
      ],
      closing: [
        `The request came from ${origin}, ${when}.`,
        'If it was not you, ignore this mail: whoever asked was not told that this address has an account.'
      ]
    }),
    'email.requested': ({ app, origin, when }) => ({
      subject: `A new address for your ${app} account`,
      opening: [
        `Somebody asked to replace this address of your ${app} account. It changes as soon as the new address is confirmed.`,
        'If it was you, there is nothing to do. If it was not, somebody else can use your account: cancel the change within 72 hours, which also signs out all devices, and then set a new password.'
      ],
      action: 'Cancel the change',
      closing: [`The request came from ${origin}, ${when}.`]
    }),
    'email.changed': ({ app, origin, when }) => ({
      subject: `The address of your ${app} account was changed`,
      opening: [
        `Your ${app} account has a new address, which was confirmed. You can no longer sign in with this one.`,
        'If it was you, there is nothing to do. If it was not, somebody else can use your account: undo the change within 72 hours, which also signs out all devices, and then set a new password.'
      ],
      action: 'Undo the change',
      closing: [`It was confirmed from ${origin}, ${when}.`]
    }),
    'email.restored': ({ app, origin, when }) => ({
      subject: `The address of your ${app} account was changed back`,
      opening: [
        `The change of address of your ${app} account was undone with the link in the mail to the previous address. You can no longer sign in with this one, and all devices are signed out.`
      ],
      closing: [
        `It was undone from ${origin}, ${when}.`,
        `If it was not you, somebody else can read the mail of the previous address: ask the people who run ${app} for help.`
      ]
    })
  },
  de: {
    'email.confirm': ({ app, origin, when }) => ({
      subject: `${app}: Neue Adresse bestätigen`,
      opening: [
        `Jemand möchte diese Adresse für das eigene Konto bei ${app} verwenden. Der Link funktioniert einmal, innerhalb von 24 Stunden.`
      ],
      action: 'Adresse bestätigen',
      code: 'Oder geben Sie diesen Code in der App ein, wo Sie die Änderung angefordert haben:',
      closing: [
        `Die Anfrage kam aus ${origin}, ${when}.`,
        'Waren Sie das nicht, ignorieren Sie diese Mail: Es ändert sich nichts. Geben Sie Link und Code niemandem weiter.'
      ]
    }),
    'email.taken': ({ app, origin, when }) => ({
      subject: `${app}: Ihre Adresse wurde für ein anderes Konto angegeben`,
      opening: [
        `Jemand möchte diese Adresse für das eigene Konto bei ${app} verwenden. Sie gehört zu einem anderen Konto oder gehörte bis vor einigen Tagen dazu. Deshalb hat sich nichts geändert.`,
        'Waren Sie das, ändern Sie zuerst die Adresse des Kontos, zu dem sie gehört, oder löschen Sie dieses Konto.'
      ],
      closing: [
        `Die Anfrage kam aus ${origin}, ${when}.`,
        'Waren Sie das nicht, ignorieren Sie diese Mail: Wer gefragt hat, erfährt nicht, dass diese Adresse ein Konto hat.'
      ]
    }),
    'email.requested': ({ app, origin, when }) => ({
      subject: `${app}: Neue Adresse für Ihr Konto`,
      opening: [
        `Jemand möchte diese Adresse Ihres Kontos bei ${app} ersetzen. Sie ändert sich, sobald die neue Adresse bestätigt ist.`,
        'Waren Sie das, brauchen Sie nichts zu tun. Waren Sie es nicht, kann jemand anderes Ihr Konto benutzen: Brechen Sie die Änderung innerhalb von 72 Stunden ab, wodurch auch alle Geräte abgemeldet werden, und setzen Sie dann ein neues Passwort.'
      ],
      action: 'Änderung abbrechen',
      closing: [`Die Anfrage kam aus ${origin}, ${when}.`]
    }),
    'email.changed': ({ app, origin, when }) => ({
      subject: `${app}: Die Adresse Ihres Kontos wurde geändert`,
      opening: [
        `Ihr Konto bei ${app} hat eine neue Adresse, die bestätigt wurde. Mit dieser hier melden Sie sich nicht mehr an.`,
        'Waren Sie das, brauchen Sie nichts zu tun. Waren Sie es nicht, kann jemand anderes Ihr Konto benutzen: Machen Sie die Änderung innerhalb von 72 Stunden rückgängig, wodurch auch alle Geräte abgemeldet werden, und setzen Sie dann ein neues Passwort.'
      ],
      action: 'Änderung rückgängig machen',
      closing: [`Bestätigt aus ${origin}, ${when}.`]
    }),
    'email.restored': ({ app, origin, when }) => ({
      subject: `${app}: Die Adresse Ihres Kontos wurde zurückgesetzt`,
      opening: [
        `Die Änderung der Adresse Ihres Kontos bei ${app} wurde mit dem Link rückgängig gemacht, der an die vorige Adresse ging. Mit dieser hier melden Sie sich nicht mehr an, und alle Geräte sind abgemeldet.`
      ],
      closing: [
        `Rückgängig gemacht aus ${origin}, ${when}.`,
        `Waren Sie das nicht, kann jemand anderes die Mails der vorigen Adresse lesen: Bitten Sie die Betreiber von ${app} um Hilfe.`
      ]
    })
  }
}
