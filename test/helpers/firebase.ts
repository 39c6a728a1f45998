import { createCipheriv, scryptSync } from 'node:crypto'

/** The example of github.com/firebase/scrypt. */
export const project = {
  separator: 'Bw==',
  key: 'jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA=='
}

/** A hash as Firebase makes it, in base64. */
export function firebaseHash(secret: string, salt: Buffer): string {
  const salted = Buffer.concat([salt, Buffer.from(project.separator, 'base64')])
  const key = scryptSync(secret, salted, 32, { N: 2 ** 14, r: 8, maxmem: 2 ** 25 })
  const cipher = createCipheriv('aes-256-ctr', key, Buffer.alloc(16))
  return Buffer.concat([cipher.update(Buffer.from(project.key, 'base64')), cipher.final()]).toString('base64')
}
