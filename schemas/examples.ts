/** Values that the examples of the contract share: one person, her session and one of her tasks. */
export const example = {
  email: 'ann@example.com',
  newEmail: 'ann.smith@example.com',
  name: 'Ann',
  password: 'correct-horse-7',
  newPassword: 'a longer passphrase',
  accessToken: 'eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCJ9.cGF5bG9hZA.c2lnbmF0dXJl',
  refreshToken: 'cmVmcmVzaC10b2tlbi1vZi10aGUtZXhhbXBsZQ',
  mailToken: 'dG9rZW4tb2YtYS1tYWlsLW9mLXRoZS1leGFtcGxlcy4',
  challenge: 'Y2hhbGxlbmdlLW9mLWEtbG9naW4tb2YtZXhhbXBsZXM',
  totpSecret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP',
  code: '287082',
  recoveryCodes: Array.from({ length: 10 }, (_, i) => `k3xv-m7qa-2hfo-p5wd-zt4c-n${'abcdefghij'[i]}6y`),
  userId: '0197a3c2-6f10-7c3e-9d55-0a4f5b1c2d3e',
  sessionId: '0197a3c2-6f1a-7b60-8e21-4c7d9e0f1a2b',
  taskId: '0197a3c2-7b2d-7f08-a1c4-3e5f6a7b8c9d',
  eventId: '0197a3c2-8a11-7c42-9b0e-6d7e8f9a0b1c',
  requestId: '0197a3c2-8c4e-7a11-b2d3-5f6a7b8c9d0e',
  createdAt: '2026-11-27T09:30:00.000Z',
  updatedAt: '2026-11-27T10:15:00.000Z',
  expiresAt: '2026-12-27T10:15:00.000Z'
} as const
