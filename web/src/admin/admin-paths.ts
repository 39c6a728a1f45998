export const adminPaths = ['/users', '/user'] as const
export type AdminPath = (typeof adminPaths)[number]
