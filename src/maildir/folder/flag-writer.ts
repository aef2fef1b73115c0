/**
 * Changes flags and keywords of messages: a rename in `cur/` for flags, a file in `courierimapkeywords/` for keywords.
 *
 * Courier's scan forgets the UID of a file that is renamed while it reads the directory, so renames happen under the
 * lock. A rename that fails because the file is not there means that somebody else changed its name: the folder is
 * read again and the change applied to what is there now (`design.md` §3).
 */
import {errnoOf} from '../../support/fault.js'
import {fileFault} from '../file-fault.js'
import {withFlags} from '../file-names.js'
import {FLAG, type FlagBits, type FlagChange, type Uid} from '../types.js'
import {LOCK_BATCH} from './access.js'
import type {Folder} from './folder.js'
import {splitName} from './reconcile.js'
import type {StateChange} from './snapshot.js'

/** Readings of the folder for messages that others keep renaming. */
const TRIES = 10

/** Flags of a message after a change. */
export function changedFlags(before: FlagBits, {mode, flags}: FlagChange): FlagBits {
  return mode === 'add' ? before | flags : mode === 'remove' ? before & ~flags : flags
}

export interface FlagWriteOptions {
  readonly change: FlagChange
  /** Who asks; is not told through the journal. */
  readonly by: object
  /** Called before a message's \Deleted changes; a rejection stops the command there. */
  readonly onDeletedChange: (base: string, deleted: boolean) => Promise<void>
}

/** Applies a change to messages; those that are gone are passed over. Answers when all of it is on disk. */
export async function writeFlags(folder: Folder, uids: readonly Uid[], options: FlagWriteOptions): Promise<void> {
  let rest: readonly Uid[] = uids
  let renamed = false
  try {
    for (let attempt = 0; rest.length > 0 && attempt < TRIES; attempt += 1) {
      if (attempt > 0) await folder.refresh()
      const again: Uid[] = []
      for (let at = 0; at < rest.length; at += LOCK_BATCH) {
        const batch = rest.slice(at, at + LOCK_BATCH)
        const done = await folder.exclusive(() => writeBatch(folder, batch, options))
        again.push(...done.again)
        renamed ||= done.renamed
        if (at + LOCK_BATCH < rest.length) await new Promise((resolve) => setImmediate(resolve))
      }
      rest = again
      if (rest.length > 0) folder.touched()
    }
  } finally {
    if (renamed) await folder.env.files.syncDirectory(`${folder.path}/cur`)
  }
}

/** A rename that the change asks for. */
interface Rename {
  readonly uid: Uid
  readonly base: string
  readonly from: string
  readonly to: string
  readonly flags: FlagBits
  /** \Deleted changes to this. */
  readonly deleted: boolean | undefined
}

function renameFor(folder: Folder, uid: Uid, change: FlagChange): Rename | undefined {
  const index = folder.snapshot.indexOf(uid)
  if (index < 0) return undefined
  const {base, info, flags: before} = folder.snapshot.row(index)
  const flags = changedFlags(before, change)
  if (flags === before) return undefined
  const deleted = (flags ^ before) & FLAG.deleted ? (flags & FLAG.deleted) !== 0 : undefined
  return {uid, base, from: base + info, to: withFlags(base + info, flags), flags, deleted}
}

async function writeBatch(folder: Folder, uids: readonly Uid[], options: FlagWriteOptions): Promise<{again: Uid[]; renamed: boolean}> {
  const {change, by} = options
  const again: Uid[] = []
  const changed = new Map<number, Omit<StateChange, 'modseq'>>()
  const renames = uids.map((uid) => renameFor(folder, uid, change)).filter((rename) => rename !== undefined)
  const setsKeywords = folder.env.keywordsMode !== 0 && (change.mode === 'replace' || change.keywords.length > 0)
  if (renames.length === 0 && !setsKeywords) return {again, renamed: false}
  try {
    await folder.locked(async () => {
      await folder.changing(async () => {
        for (const rename of renames) {
          if (await renameOne(folder, rename, options)) changed.set(rename.uid, {info: splitName(rename.to).info, flags: rename.flags})
          else again.push(rename.uid)
        }
      })
      if (setsKeywords) await changeKeywords(folder, uids, change, changed)
    })
  } finally {
    const renamed = changed.size > 0
    folder.apply({changed, by})
    if (renamed || again.length > 0) folder.touched()
  }
  return {again, renamed: renames.length > again.length}
}

/** False: the file is not there under this name. */
async function renameOne(folder: Folder, {base, from, to, deleted}: Rename, {onDeletedChange}: FlagWriteOptions): Promise<boolean> {
  if (deleted !== undefined) await onDeletedChange(base, deleted)
  try {
    await folder.env.files.rename(`${folder.path}/cur/${from}`, `${folder.path}/cur/${to}`)
    return true
  } catch (error) {
    if (deleted !== undefined) await onDeletedChange(base, !deleted).catch(() => {}) // what was counted is taken back
    if (errnoOf(error) !== 'ENOENT') throw fileFault(error, `Cannot change flags in "${folder.name}"`)
    return false
  }
}

async function changeKeywords(
  folder: Folder,
  uids: readonly Uid[],
  {mode, keywords}: FlagChange,
  changed: Map<number, Omit<StateChange, 'modseq'>>,
): Promise<void> {
  const known = uids.map((uid) => ({uid, index: folder.snapshot.indexOf(uid)})).filter(({index}) => index >= 0)
  const bases = known.map(({index}) => folder.snapshot.baseAt(index))
  try {
    await folder.keywordFiles.change(
      bases,
      {mode, keywords},
      {exists: (base) => folder.has(base), consolidate: true, reread: folder.env.keywordsMode === 2},
    )
  } finally {
    // A first part may have been changed.
    for (const {uid, index} of known) {
      const keywordSet = folder.keywordTable.numberOf(folder.keywordFiles.of(folder.snapshot.baseAt(index)))
      if (keywordSet !== folder.snapshot.keywordSetAt(index)) changed.set(uid, {...changed.get(uid), keywordSet})
    }
  }
}
