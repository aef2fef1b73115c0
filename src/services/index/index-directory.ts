import {chownSync, existsSync, mkdirSync, readdirSync} from 'node:fs'
import {join} from 'node:path'

/** The index of what runs as `uid`, below the cache directory. */
export function indexDirectory(cache: string, uid: number): string {
  return join(cache, 'index', String(uid))
}

/** Makes the directory as root for a user who may not. */
export function prepareIndexDirectory(cache: string, {uid, gid}: {readonly uid: number; readonly gid: number}): void {
  mkdirSync(cache, {recursive: true, mode: 0o755})
  mkdirSync(join(cache, 'index'), {recursive: true, mode: 0o711})
  const directory = indexDirectory(cache, uid)
  mkdirSync(directory, {recursive: true, mode: 0o700})
  chownSync(directory, uid, gid)
}

/** The index directories of all users below a cache directory that this process may look into. */
export function indexDirectories(cache: string): readonly string[] {
  try {
    return readdirSync(join(cache, 'index')).map((name) => join(cache, 'index', name))
  } catch {
    const own = indexDirectory(cache, process.geteuid?.() ?? 0)
    return existsSync(own) ? [own] : []
  }
}
