import {basename, dirname, join} from 'node:path'

/** The files that belong to the userdb text at `source`. */
export function userdbPaths(source: string) {
  return {
    source,
    /** Everything but passwords, for everybody. */
    open: `${source}.lmdb`,
    openTemporary: `${source}.lmdb.tmp`,
    /** Passwords, for the owner. */
    shadow: `${source}shadow.lmdb`,
    shadowTemporary: `${source}shadow.lmdb.tmp`,
    /** Held by makeuserdb, the original's too. */
    lock: `${source}.lock`,
    /** What real Courier reads. */
    originalOpen: `${source}.dat`,
    originalShadow: `${source}shadow.dat`,
    originalOpenTemporary: `${source}.dat.tmp`,
    originalShadowTemporary: `${source}shadow.dat.tmp`,
  } as const
}

/** The files that `userdb` uses beside the text file while it changes it. */
export function editPaths(file: string): {readonly lock: string; readonly temporary: string} {
  const directory = dirname(file)
  return {lock: join(directory, `.lock.${basename(file)}`), temporary: join(directory, `.tmp.${basename(file)}`)}
}

/** The file of a record by its `_`, octets, as makeuserdb writes it: empty for one file, else the path below the directory and a slash. */
export function fileOf(location: string, source: string): string {
  return location === '' ? source : join(source, Buffer.from(location, 'latin1').toString('utf8').replace(/\/$/, ''))
}
