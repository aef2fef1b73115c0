/** Files that are read, kept and put back with all that belongs to them. Texts are octets, one character for each (latin1). */
import {lstat, readFile, realpath, rm, stat} from 'node:fs/promises'
import {replaceFile} from '../../support/atomic-file.js'
import {errnoOf, Fault} from '../../support/fault.js'
import {isRoot} from '../unprivileged-user.js'

export interface FileState {
  readonly text: string
  readonly mode: number
  readonly uid: number
  readonly gid: number
}

/** Larger files are no configuration. */
const MAX_OCTETS = 1_048_576

/**
 * Where a name leads to: its links are followed, so that a configuration kept elsewhere is changed there and its link stays. A name
 * that does not exist leads to itself.
 *
 * @throws {Fault} `io-error` for a link that leads nowhere
 */
export async function targetOf(path: string): Promise<string> {
  try {
    return await realpath(path)
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error
    const link = await lstat(path).catch(() => undefined)
    if (link) throw new Fault('io-error', `${path}: The link leads to a file that does not exist`, {cause: error})
    return path
  }
}

/** The file as it is; undefined when there is none. @throws {Fault} `io-error` for what is no file or too large; and errors of the system */
export async function readState(path: string): Promise<FileState | undefined> {
  try {
    const {mode, uid, gid, size} = await checkedStat(path)
    if (size > MAX_OCTETS) throw new Fault('io-error', `${path}: The file is larger than ${MAX_OCTETS} octets`)
    return {text: await readFile(path, 'latin1'), mode: mode & 0o7777, uid, gid}
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw error
  }
}

async function checkedStat(path: string) {
  const found = await stat(path)
  if (!found.isFile()) throw new Fault('io-error', `${path}: This is no file`)
  return found
}

/** Puts a file in place, whole, with its rights and, as root, its owner. Another user's file becomes ours when we are not root. */
export async function putState(path: string, {text, mode, uid, gid}: FileState): Promise<void> {
  const target = await targetOf(path)
  await replaceFile({path: target, temporary: `${target}.new`, mode}, async (file) => {
    await file.writeFile(text, 'latin1')
    if (isRoot()) await file.chown(uid, gid)
  })
}

export async function removeState(path: string): Promise<void> {
  await rm(path, {force: true})
}
