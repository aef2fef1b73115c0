import {type BigIntStats, constants} from 'node:fs'
import type {FileFacts} from './files.js'

/** By the bits of `S_IFMT`; `isFile` and its like make three BigInts each time. */
const KINDS: Readonly<Record<number, FileFacts['kind']>> = {
  [constants.S_IFREG]: 'file',
  [constants.S_IFDIR]: 'directory',
  [constants.S_IFLNK]: 'link',
}

export function kindOf(mode: number): FileFacts['kind'] {
  return KINDS[mode & constants.S_IFMT] ?? 'other'
}

/** What node tells of a file. */
export function factsOf(stats: BigIntStats): FileFacts {
  const mode = Number(stats.mode)
  return {
    device: stats.dev,
    inode: stats.ino,
    mtimeNs: stats.mtimeNs,
    ctimeNs: stats.ctimeNs,
    size: Number(stats.size),
    mode: mode & 0o7777,
    uid: Number(stats.uid),
    gid: Number(stats.gid),
    links: Number(stats.nlink),
    kind: kindOf(mode),
  }
}

/** Nothing else has taken its place, not even one that has the same inode number again. */
export function isSameFile(a: FileFacts | undefined, b: FileFacts): boolean {
  return a !== undefined && a.inode === b.inode && a.device === b.device && a.mtimeNs === b.mtimeNs
}
