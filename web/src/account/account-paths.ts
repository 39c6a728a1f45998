export const accountPaths = [
  '/profile',
  '/security',
  '/authenticator',
  '/recovery-codes',
  '/sessions',
  '/tokens',
  '/activity',
  '/password',
  '/delete-account'
] as const
export type AccountPath = (typeof accountPaths)[number]
