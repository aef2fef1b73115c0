import type {BigIntStats} from 'node:fs'
import type {FileFacts} from './files.js'

/** What node tells of a file. */
export function factsOf(stats: BigIntStats): FileFacts {
  return {
    device: stats.dev,
    inode: stats.ino,
    mtimeNs: stats.mtimeNs,
    ctimeNs: stats.ctimeNs,
    size: Number(stats.size),
    mode: Number(stats.mode) & 0o7777,
    uid: Number(stats.uid),
    gid: Number(stats.gid),
    links: Number(stats.nlink),
    kind: stats.isFile() ? 'file' : stats.isDirectory() ? 'directory' : stats.isSymbolicLink() ? 'link' : 'other',
  }
}

/** Nothing else has taken its place, not even one that has the same inode number again. */
export function isSameFile(a: FileFacts | undefined, b: FileFacts): boolean {
  return a !== undefined && a.inode === b.inode && a.device === b.device && a.mtimeNs === b.mtimeNs
}
