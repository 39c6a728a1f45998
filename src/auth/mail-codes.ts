import type { Mail } from '../mail/mail.ts'
import type { MailPurpose, MailTokensRepository } from '../repositories/mail-tokens.ts'

/**
 * Finds the token of a mail by its code. Counts the wrong codes of a subject, with one statement whether it has a token or
 * not.
 */
export async function findByCode(
  tokens: Pick<MailTokensRepository, 'try' | 'giveBack'>,
  { isCode }: Mail['tokens'],
  { purpose, subject, code }: { purpose: MailPurpose; subject: string; code: string }
) {
  const tried = await tokens.try(purpose, subject)
  if (!tried || !isCode(code, tried)) return undefined
  // A right code may still fail, as for a refused password.
  await tokens.giveBack(tried.hash)
  return tried
}
