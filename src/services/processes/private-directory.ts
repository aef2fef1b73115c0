/**
 * The directory of the sockets between the processes: root's, so that nobody exchanges what is in it while the supervisor gives it
 * away, and passable for the group of the front.
 */
import {chmodSync, chownSync, lstatSync, mkdirSync, readdirSync, rmdirSync, rmSync} from 'node:fs'
import {dirname, join} from 'node:path'
import {Fault} from '../../support/fault.js'
import {isProcess} from '../index/is-process.js'

/** Mode bits. */
const OTHERS_WRITE = 0o022
const DIRECTORY = 0o040000

/**
 * Makes it below `base`, for this process; those that dead ones left behind are removed.
 *
 * @throws {Fault} `bad-configuration` when others could exchange it
 * @throws {Error} of the system
 */
export function makePrivateDirectory(base: string, gid: number): string {
  mkdirSync(base, {recursive: true, mode: 0o755})
  const {uid, mode} = lstatSync(base)
  if (uid !== process.geteuid?.() || (mode & OTHERS_WRITE) !== 0 || (mode & DIRECTORY) === 0)
    throw new Fault('bad-configuration', `${base} must be a directory of root's that nobody else may write to`)
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
