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

/** The bits of a mode that let other users in. */
const others = 0o077
/** What Gatehouse keeps in its data directory. */
const ours = /^(database|secret|gatehouse|mail)\b/

/**
 * Closes a directory or a file to all other users of the machine. Throws where it belongs to one of them, or where the file
 * system does not keep modes. PostgreSQL demands the same of its data directory.
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
    // The mode afterwards tells.
  }
}

/** Makes a directory with mode 0700, unless it is there. */
export const makeDirectory = (path: string) => mkdirSync(path, { recursive: true, mode: 0o700 })

/** The data directory, made where it is missing. It is closed to others where nothing but ours is in it, as by PostgreSQL's initdb. */
export function makeDataDirectory(path: string): void {
  makeDirectory(path)
  const { uid, mode } = statSync(path)
  const isOurs = uid === process.getuid?.() && readdirSync(path).every((name) => ours.test(name))
  if (isOurs && mode & others) chmodSync(path, mode & ~others)
}
