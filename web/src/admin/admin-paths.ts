export const adminPaths = ['/users', '/user', '/audit'] as const
export type AdminPath = (typeof adminPaths)[number]
