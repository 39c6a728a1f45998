import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  statSync
} from 'node:fs'

/** The permission bits of group and others. */
const others = 0o077
/** Names of Gatehouse's own files in the data directory. */
const ours = /^(database|secret|gatehouse|mail)\b/

/**
 * Denies all other users access to a directory or file. Throws if another user owns it, or if the file system does not
 * keep modes. PostgreSQL demands the same of its data directory.
 */
export function makePrivate(path: string): void {
  const fd = openSync(path, constants.O_RDONLY)
  try {
    const before = fstatSync(fd)
    if (before.uid !== process.getuid?.())
      throw new Error(
        `${path} belongs to another user (uid ${before.uid}): start Gatehouse as that user, or set DATA_DIR.`
      )
    if (before.mode & others) allowOwnerAlone(fd)
    if (fstatSync(fd).mode & others)
      throw new Error(
        `${path} is open to other users and cannot be closed to them: set DATA_DIR to a directory that can.`
      )
  } finally {
    closeSync(fd)
  }
}

function allowOwnerAlone(fd: number): void {
  try {
    fchmodSync(fd, fstatSync(fd).mode & ~others)
  } catch {
    // The caller checks the mode again.
  }
}

export const makeDirectory = (path: string) => mkdirSync(path, { recursive: true, mode: 0o700 })

/**
 * Creates the data directory if it is missing. Like PostgreSQL's initdb, denies others access, if only our files are in
 * it.
 */
export function makeDataDirectory(path: string): void {
  makeDirectory(path)
  const { uid, mode } = statSync(path)
  const isOurs = uid === process.getuid?.() && readdirSync(path).every((name) => ours.test(name))
  if (isOurs && mode & others) chmodSync(path, mode & ~others)
}
