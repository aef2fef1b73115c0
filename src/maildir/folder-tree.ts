/**
 * Folders as directories: list, create, delete, rename (`spec/maildir.md` §1.1, §3.4, §15).
 *
 * Who else touches them: every mail program, without any lock. So each step is one that cannot be half done (`mkdir`,
 * `rename`, `rmdir`), and a directory counts as a folder from the moment it has `cur`, which is made last and goes last.
 */
import {errnoOf, Fault} from '../support/fault.js'
import {Pace} from '../support/pace.js'
import {type LockContext, removeOwnLock} from './dot-lock.js'
import {fileFault} from './file-fault.js'
import type {MaildirFiles, Move} from './files.js'
import {directoryName, folderOfDirectory, folderPath, INBOX, isBelow, isPrintable} from './folder-names.js'
import {removeTree} from './remove-tree.js'
import {beginRename, type RenameJournal, syncMoves} from './rename-journal.js'
import type {FolderName} from './types.js'

/** Folders on another machine that are looked for side by side. */
const REACHED_AT_ONCE = 100
const NAME_MAX = 255
/** A path that cannot be reached is no folder. */
const NO_FOLDER = new Set(['ENOTDIR', 'EACCES', 'ELOOP', 'ENAMETOOLONG'])

export interface TreeContext {
  readonly files: MaildirFiles
  /** Name of the folder that is never deleted or renamed (IMAP_TRASHFOLDERNAME), without `INBOX.`; empty: none. */
  readonly trashFolder: string
}

export interface FolderList {
  /** INBOX first, then as they stand in the directory. */
  readonly folders: FolderName[]
  /** Directories that are folders, but whose names no client could say: to be logged. */
  readonly unnameable: string[]
}

/** All folders of a Maildir: its entries with a dot that have `cur`. Courier's IMAP lists any entry with a dot. */
export async function listFolders(root: string, files: MaildirFiles): Promise<FolderList> {
  const folders = [INBOX]
  const unnameable: string[] = []
  for (const entry of await folderEntries(root, files)) {
    const name = folderOfDirectory(entry)
    if (name === undefined) unnameable.push(entry)
    else folders.push(name)
  }
  return {folders, unnameable}
}

/** Directory entries that are folders, in octets, without INBOX. */
async function folderEntries(root: string, files: MaildirFiles): Promise<string[]> {
  const entries: string[] = []
  const pace = new Pace()
  try {
    const dotted = [...new Set(await files.list(root))].filter((entry) => entry.startsWith('.') && entry !== '.' && entry !== '..')
    for (const [place, entry] of dotted.entries()) {
      if (place % REACHED_AT_ONCE === 0)
        await files.reach(
          root,
          dotted.slice(place, place + REACHED_AT_ONCE).map((each) => `${each}/cur/.`),
        )
      if (isFolder(`${root}/${entry}`, files)) entries.push(entry)
      if (pace.due) await pace.pause()
    }
  } catch (error) {
    throw fileFault(error, `Cannot list the folders of "${root}"`)
  }
  return entries
}

/** There is a folder at this path; links are followed, as Courier does for reading. */
function isFolder(path: string, files: MaildirFiles): boolean {
  try {
    return files.stat(`${path}/cur/.`)?.kind === 'directory'
  } catch (error) {
    if (NO_FOLDER.has(errnoOf(error) ?? '')) return false
    throw error
  }
}

export function folderExists(root: string, name: FolderName, files: MaildirFiles): boolean {
  return name === INBOX || isFolder(folderPath(root, name), files)
}

/** How the directories of a new folder are made. */
export interface FolderModes {
  readonly folder: number
  readonly inner: number
}

const PRIVATE: FolderModes = {folder: 0o700, inner: 0o700}

/**
 * Makes a folder. A directory that is only a part of one, left behind by a crash, is completed.
 *
 * @throws {Fault} `mailbox-exists`, `invalid-name`, `no-space`, …
 */
export async function createFolder(root: string, name: FolderName, files: MaildirFiles, modes: FolderModes = PRIVATE): Promise<void> {
  const path = folderPath(root, name)
  if (folderExists(root, name, files)) throw new Fault('mailbox-exists', `Mailbox "${name}" exists`)
  if (!isPrintable(name)) throw new Fault('invalid-name', `Mailbox name "${name}" holds control characters`)
  try {
    await makeDirectory(path, modes.folder, files)
    await makeDirectory(`${path}/tmp`, modes.inner, files)
    await makeDirectory(`${path}/new`, modes.inner, files)
    if (!files.stat(`${path}/maildirfolder`)) await makeMark(path, files)
    await files.mkdir(`${path}/cur`, modes.inner)
    await files.chmod(`${path}/cur`, modes.inner)
    await files.syncDirectory(path)
    await files.syncDirectory(root)
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') throw new Fault('mailbox-exists', `Mailbox "${name}" exists`, {cause: error})
    throw fileFault(error, `Cannot create "${name}"`)
  }
}

/** `mkdir` with exactly this mode; an existing directory is fine, anything else is not. */
async function makeDirectory(path: string, mode: number, files: MaildirFiles): Promise<void> {
  try {
    await files.mkdir(path, mode)
    await files.chmod(path, mode)
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST' || files.stat(path)?.kind !== 'directory') throw error
  }
}

async function makeMark(path: string, files: MaildirFiles): Promise<void> {
  try {
    await files.create(`${path}/maildirfolder`, Buffer.alloc(0), {mode: 0o600, sync: false})
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error
  }
}

/**
 * Removes a folder with its messages, not those below it. Rights of folders below that were taken from it stay: its
 * `courierimapacl` moves to `courierimaphieracl/` when there are any (§9.5).
 *
 * @throws {Fault} `mailbox-reserved` for INBOX and the trash, whatever the spelling; `no-such-mailbox`; `no-access`
 *   for a link; `busy` when mail keeps arriving
 */
export async function deleteFolder(root: string, name: FolderName, context: TreeContext): Promise<void> {
  const {files} = context
  refuseReserved(name, context)
  const path = folderPath(root, name)
  const facts = files.stat(path)
  if (!facts || !(facts.kind === 'link' || facts.kind === 'directory')) throw new Fault('no-such-mailbox', `No mailbox "${name}"`)
  if (facts.kind === 'link') throw new Fault('no-access', `"${name}" is a link to a directory elsewhere`)
  const account = files.stat(`${root}/.`)
  // Courier 6: `DELETE inbox` empties the whole Maildir.
  if (account && account.inode === facts.inode && account.device === facts.device)
    throw new Fault('mailbox-reserved', `"${name}" is the Maildir itself`)
  try {
    const below = await folderEntries(root, files)
    const isParent = below.some((entry) => entry.startsWith(`${directoryName(name)}.`))
    if (isParent) await keepRights(root, name, files)
    await removeTree(path, files)
    await files.syncDirectory(root)
  } catch (error) {
    throw fileFault(error, `Cannot delete "${name}"`)
  }
}

function refuseReserved(name: FolderName, {trashFolder}: Pick<TreeContext, 'trashFolder'>): void {
  if (name.toUpperCase() === INBOX) throw new Fault('mailbox-reserved', 'INBOX stays')
  if (trashFolder !== '' && name.slice(INBOX.length + 1) === trashFolder) throw new Fault('mailbox-reserved', `"${name}" stays`)
}

async function keepRights(root: string, name: FolderName, files: MaildirFiles): Promise<void> {
  const rights = `${folderPath(root, name)}/courierimapacl`
  if (!files.stat(rights)) return
  const directory = `${root}/courierimaphieracl`
  try {
    await files.mkdir(directory, 0o755)
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error
  }
  await files.rename(rights, `${directory}/${directoryName(name).slice(1)}`)
}

export interface RenamePlan {
  /** Folders and files of rights, in the order to move them. */
  readonly moves: readonly Move[]
  /** Folders that move, as they will be called; only those with names that can be said. */
  readonly folders: readonly {readonly from: FolderName; readonly to: FolderName}[]
}

/**
 * What renaming a folder with all below it would move. Nothing is changed.
 *
 * @throws {Fault} `mailbox-exists` when any target exists; `invalid-name`; `mailbox-reserved`; `no-such-mailbox`
 */
async function planRename(root: string, from: FolderName, to: FolderName, context: TreeContext): Promise<RenamePlan> {
  const {files} = context
  refuseReserved(from, context)
  // A folder may become the trash, when there is none.
  refuseReserved(to, {trashFolder: ''})
  if (from === to) throw new Fault('mailbox-exists', `Mailbox "${to}" exists`)
  if (isBelow(to, from)) throw new Fault('invalid-name', `"${to}" lies below "${from}"`)
  if (!isPrintable(to)) throw new Fault('invalid-name', `Mailbox name "${to}" holds control characters`)
  const entries = matching(await folderEntries(root, files), directoryName(from))
  if (entries.length === 0) throw new Fault('no-such-mailbox', `No mailbox "${from}"`)
  const renamed = (entry: string, dot: '.' | '') =>
    directoryName(to).slice(dot === '' ? 1 : 0) + entry.slice(directoryName(from).length - (dot === '' ? 1 : 0))

  const moves: Move[] = []
  const folders: {from: FolderName; to: FolderName}[] = []
  const pace = new Pace()
  for (const entry of entries) {
    if (pace.due) await pace.pause()
    const target = renamed(entry, '.')
    if (target.length > NAME_MAX) throw new Fault('invalid-name', `A mailbox below "${to}" would have too long a name`)
    if (files.stat(`${root}/${target}`)) throw new Fault('mailbox-exists', `A mailbox below "${to}" exists`)
    moves.push({from: `${root}/${entry}`, to: `${root}/${target}`})
    const [oldName, newName] = [folderOfDirectory(entry), folderOfDirectory(target)]
    if (oldName !== undefined && newName !== undefined) folders.push({from: oldName, to: newName})
  }
  const rights = `${root}/courierimaphieracl`
  for (const entry of matching(await listIfAny(rights, files), directoryName(from).slice(1))) {
    moves.push({from: `${rights}/${entry}`, to: `${rights}/${renamed(entry, '')}`})
  }
  return {moves, folders}
}

/** Names that are `prefix` or lie below it, sorted by octets. */
function matching(names: readonly string[], prefix: string): string[] {
  return names.filter((name) => name === prefix || name.startsWith(`${prefix}.`)).sort()
}

async function listIfAny(path: string, files: MaildirFiles): Promise<string[]> {
  try {
    return await files.list(path)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return []
    throw fileFault(error, `Cannot list "${path}"`)
  }
}

/** Makes the moves one by one. When one fails, those before it are undone. @throws {Fault} */
async function runMoves(moves: readonly Move[], context: LockContext, journal?: RenameJournal): Promise<void> {
  const {files} = context
  const done: Move[] = []
  const pace = new Pace()
  try {
    for (const move of moves) {
      if (pace.due) await pace.pause()
      await journal?.keep()
      // rename(2) replaces an empty directory without a word.
      if (files.stat(move.to)?.kind === 'directory') throw new Fault('mailbox-exists', `"${move.to}" exists`)
      await files.rename(move.from, move.to)
      done.push(move)
      await removeOwnLock(move.to, context).catch(() => {}) // the folder has moved all the same
    }
  } catch (error) {
    const cause = await undone(done, error, files)
    await syncMoves(done, files).catch(() => {}) // the first error counts
    throw fileFault(cause, 'RENAME failed')
  }
  await syncMoves(moves, files)
}

/** Moves back, as many as possible; answers with the error to report. */
async function undone(done: readonly Move[], cause: unknown, files: MaildirFiles): Promise<unknown> {
  const stuck: string[] = []
  for (const {from, to} of done.toReversed()) {
    try {
      await files.rename(to, from)
    } catch {
      stuck.push(`"${to}"`)
    }
  }
  return stuck.length === 0 ? cause : new Fault('io-error', `RENAME failed, and ${stuck.join(', ')} could not be moved back`, {cause})
}

export type RenameContext = TreeContext & LockContext

/**
 * Renames a folder with all below it, all or none: what a crash leaves is completed at the next opening. Answers with the
 * folders that moved; undefined: another RENAME is at work, or was cut off. @throws {Fault} as `planRename`
 */
export async function renameFolder(
  root: string,
  from: FolderName,
  to: FolderName,
  context: RenameContext,
): Promise<RenamePlan | undefined> {
  const plan = await planRename(root, from, to, context)
  if (plan.moves.length === 1) {
    await runMoves(plan.moves, context)
    return plan
  }
  let journal: RenameJournal | undefined
  try {
    journal = await beginRename(root, plan.moves, context)
  } catch (error) {
    throw fileFault(error, 'RENAME failed')
  }
  if (!journal) return undefined
  try {
    await runMoves(plan.moves, context, journal)
  } finally {
    await journal.end().catch(() => {}) // the moves are made or undone: to be told again does no harm
  }
  return plan
}
