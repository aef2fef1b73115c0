import {setImmediate} from 'node:timers/promises'
import {errnoOf} from '../../support/fault.js'
import {countsForQuota, sizeOfName} from '../file-names.js'
import type {MaildirFiles} from '../files.js'
import type {Usage} from './quota-text.js'

const YIELD_EVERY = 500

/** What an account's messages take, and how new that is. */
export interface Measured {
  readonly usage: Usage
  /** Directories that were read, and the newest of their times before that. */
  readonly directories: readonly string[]
  readonly newestNs: bigint
}

export interface MeasureOptions {
  readonly files: MaildirFiles
  /** Also what lies in `.Trash` and what is marked as deleted: Courier built `--with-trashquota`. */
  readonly countsTrash: boolean
}

/** The folder's messages count. `path`: of the folder, in any spelling. */
export function folderCounts(path: string, countsTrash: boolean): boolean {
  return countsTrash || !/(?:^|\/)\.Trash\/?$/.test(path)
}

/** The message counts, by its file name. */
export function messageCounts(name: string, countsTrash: boolean): boolean {
  return countsTrash ? !name.startsWith('.') : countsForQuota(name)
}

/**
 * Adds up all messages of an account (`spec/maildir.md` §7.2): INBOX and every folder directory that is no link, with
 * `maildirfolder` or without; sizes from the names, else from the files.
 */
export async function measureAccount(root: string, options: MeasureOptions): Promise<Measured> {
  const {files, countsTrash} = options
  const folders = [root]
  for (const name of await files.list(root)) {
    const isFolder = name.startsWith('.') && folderCounts(name, countsTrash) && files.stat(`${root}/${name}`)?.kind === 'directory'
    if (isFolder) folders.push(`${root}/${name}`)
  }
  const directories = folders.flatMap((folder) => [`${folder}/new`, `${folder}/cur`])
  let newestNs = 0n
  let bytes = 0
  let messages = 0
  for (const directory of directories) {
    newestNs = later(newestNs, files.stat(directory)?.mtimeNs)
    const usage = await measureDirectory(directory, options)
    bytes += usage.bytes
    messages += usage.messages
  }
  return {usage: {bytes, messages}, directories, newestNs}
}

function later(a: bigint, b: bigint | undefined): bigint {
  return b !== undefined && b > a ? b : a
}

/** None of the directories has changed since. */
export function isStillTrue({directories, newestNs}: Measured, files: MaildirFiles): boolean {
  return directories.reduce((newest, directory) => later(newest, files.stat(directory)?.mtimeNs), 0n) === newestNs
}

async function measureDirectory(directory: string, {files, countsTrash}: MeasureOptions): Promise<Usage> {
  let bytes = 0
  let messages = 0
  let steps = 0
  for (const name of await listed(directory, files)) {
    if (!messageCounts(name, countsTrash)) continue
    let size = sizeOfName(name)
    if (size === undefined) {
      if (++steps % YIELD_EVERY === 0) await setImmediate()
      size = files.stat(`${directory}/${name}`)?.size
    }
    // Gone since: its removal is somebody else's to record.
    if (size === undefined) continue
    bytes += size
    messages += 1
  }
  return {bytes, messages}
}

async function listed(directory: string, files: MaildirFiles): Promise<string[]> {
  try {
    return await files.list(directory)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return []
    throw error
  }
}
