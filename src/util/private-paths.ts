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

const groupAndOthers = 0o077
const ownNames = /^(database|secret|gatehouse|mail)\b/

/** Denies all other users access. Throws if another user owns the path or the file system does not keep modes. */
export function makePrivate(path: string): void {
  const fd = openSync(path, constants.O_RDONLY)
  try {
    const before = fstatSync(fd)
    if (before.uid !== process.getuid?.())
      throw new Error(
        `${path} belongs to another user (uid ${before.uid}): start Gatehouse as that user, or set DATA_DIR.`
      )
    if (before.mode & groupAndOthers) allowOwnerAlone(fd)
    if (fstatSync(fd).mode & groupAndOthers)
      throw new Error(
        `${path} is open to other users and cannot be closed to them: set DATA_DIR to a directory that can.`
      )
  } finally {
    closeSync(fd)
  }
}

function allowOwnerAlone(fd: number): void {
  try {
    fchmodSync(fd, fstatSync(fd).mode & ~groupAndOthers)
  } catch {
    // The caller checks the mode again.
  }
}

export const makeDirectory = (path: string) => mkdirSync(path, { recursive: true, mode: 0o700 })

/** Creates the data directory. Like PostgreSQL's initdb, denies others access to one that has only our files. */
export function makeDataDirectory(path: string): void {
  makeDirectory(path)
  const { uid, mode } = statSync(path)
  const isOurs = uid === process.getuid?.() && readdirSync(path).every((name) => ownNames.test(name))
  if (isOurs && mode & groupAndOthers) chmodSync(path, mode & ~groupAndOthers)
}
