/**
 * The directory of the sockets between the processes: root's, so that nobody exchanges what is in it while the supervisor gives it
 * away, and passable for the group of the front.
 */
import {chmodSync, chownSync, mkdirSync, readdirSync, rmdirSync, rmSync} from 'node:fs'
import {dirname, join} from 'node:path'
import {isProcess} from '../index/is-process.js'

/** Makes it below `base`, for this process; those that dead ones left behind are removed. @throws {Error} of the system */
export function makePrivateDirectory(base: string, gid: number): string {
  mkdirSync(base, {recursive: true, mode: 0o755})
  for (const name of readdirSync(base)) {
    if (/^\d+$/.test(name) && !isProcess(Number(name))) rmSync(join(base, name), {recursive: true, force: true})
  }
  const path = join(base, String(process.pid))
  rmSync(path, {recursive: true, force: true})
  mkdirSync(path, {mode: 0o700})
  chownSync(path, 0, gid)
  chmodSync(path, 0o710)
  return path
}

/** Removes the directory, and the one that it lies in when no other server has one there. */
export function removePrivateDirectory(path: string): void {
  rmSync(path, {recursive: true, force: true})
  try {
    rmdirSync(dirname(path))
  } catch {
    // Others need it.
  }
}
