/**
 * Changes flags and keywords of messages: a rename in `cur/` for flags, a file in `courierimapkeywords/` for keywords.
 *
 * Courier's scan forgets the UID of a file that is renamed while it reads the directory, so renames happen under the
 * lock. A rename that fails because the file is not there means that somebody else changed its name: the folder is
 * read again and the change applied to what is there now (`design.md` §3).
 */
import {errnoOf, Fault} from '../../support/fault.js'
import {fileFault} from '../file-fault.js'
import {infoWithFlags} from '../file-names.js'
import type {Move} from '../files.js'
import {FLAG, type FlagBits, type FlagChange, type Uid} from '../types.js'
import {LOCK_BATCH} from './access.js'
import type {StateChange} from './chunk.js'
import type {Folder} from './folder.js'
import type {Snapshot} from './snapshot.js'

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
  /** Called before \Deleted of messages changes, which all get the same; a rejection keeps them as they are. */
  readonly onDeletedChange: (bases: readonly string[], deleted: boolean) => Promise<void>
}

/**
 * Applies a change to messages; those that are gone are passed over. Answers when all of it is on disk.
 *
 * @throws {Fault} `busy` when others keep renaming some; `over-quota`, `no-access`, …: others have changed
 */
export function writeFlags(folder: Folder, uids: readonly Uid[], options: FlagWriteOptions): Promise<void> {
  return folder.burst(() => writeAll(folder, uids, options))
}

async function writeAll(folder: Folder, uids: readonly Uid[], options: FlagWriteOptions): Promise<void> {
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
    if (rest.length > 0) throw new Fault('busy', `Others keep changing messages of "${folder.name}"`)
  } finally {
    if (renamed) await folder.syncCur()
  }
}

/** A rename in `cur/` that the change asks for. */
interface Rename extends Move {
  readonly uid: Uid
  readonly base: string
  readonly change: StateChange
  /** \Deleted changes to this. */
  readonly deleted: boolean | undefined
}

/** What a message becomes, the end of its file name among it. */
type NamedChange = StateChange & {readonly info: string}

/** The renames that a change asks for. Messages with the same flags before share what they become. */
class Renames {
  readonly #change: FlagChange
  readonly #snapshot: Snapshot
  readonly #results = new Map<string, NamedChange>()
  /** The last result, and what it is the result of: messages in a row are mostly alike. */
  #last: {readonly info: string; readonly flags: FlagBits; readonly result: NamedChange} | undefined

  constructor(folder: Folder, change: FlagChange) {
    this.#change = change
    this.#snapshot = folder.snapshot
  }

  /** undefined: the message is gone, or has these flags already. */
  of(uid: Uid): Rename | undefined {
    const index = this.#snapshot.indexOf(uid)
    if (index < 0) return undefined
    const before = this.#snapshot.flagsAt(index)
    const flags = changedFlags(before, this.#change)
    if (flags === before) return undefined
    const base = this.#snapshot.baseAt(index)
    const info = this.#snapshot.infoAt(index)
    const change = this.#result(info, flags)
    const deleted = (flags ^ before) & FLAG.deleted ? (flags & FLAG.deleted) !== 0 : undefined
    return {uid, base, from: base + info, to: base + change.info, change, deleted}
  }

  #result(info: string, flags: FlagBits): NamedChange {
    if (this.#last?.info === info && this.#last.flags === flags) return this.#last.result
    const key = `${info} ${flags}`
    const result = this.#results.get(key) ?? {info: infoWithFlags(info, flags), flags}
    this.#results.set(key, result)
    this.#last = {info, flags, result}
    return result
  }
}

async function writeBatch(folder: Folder, uids: readonly Uid[], options: FlagWriteOptions): Promise<{again: Uid[]; renamed: boolean}> {
  const {change, by} = options
  const again: Uid[] = []
  const changed = new Map<number, StateChange>()
  const wanted = new Renames(folder, change)
  const renames: Rename[] = []
  for (const uid of uids) {
    const rename = wanted.of(uid)
    if (rename) renames.push(rename)
  }
  const setsKeywords = folder.env.keywordsMode !== 0 && (change.mode === 'replace' || change.keywords.length > 0)
  if (renames.length === 0 && !setsKeywords) return {again, renamed: false}
  try {
    await folder.locked(async () => {
      if (renames.length > 0) await folder.changing(() => renameAll(folder, renames, {again, changed, ...options}))
      if (setsKeywords) await changeKeywords(folder, uids, change, changed)
    })
  } finally {
    const renamed = changed.size > 0
    folder.apply({changed, by})
    if (renamed || again.length > 0) folder.touched()
  }
  return {again, renamed: renames.length > again.length}
}

interface Outcome extends FlagWriteOptions {
  /** Gets those whose files are not there under their names. */
  readonly again: Uid[]
  /** Gets what was done. */
  readonly changed: Map<number, StateChange>
}

/** Renames files; one that somebody else has renamed does not keep the others. @throws {Fault} the rest is not done */
async function renameAll(folder: Folder, renames: readonly Rename[], outcome: Outcome): Promise<void> {
  const {again, changed, onDeletedChange} = outcome
  const {bases, deleted} = ofDeleted(renames)
  try {
    if (bases.length > 0) await onDeletedChange(bases, deleted)
  } catch (refusal) {
    if (renames.length === 1) throw refusal
    // All together are too many: as many as there is room for.
    for (const rename of renames) await renameAll(folder, [rename], outcome)
    return
  }
  const failures = await folder.env.files.renameAll(`${folder.path}/cur`, renames)
  const failed: Rename[] = []
  let failure: unknown
  for (let place = 0; place < renames.length; place += 1) {
    const rename = renames[place] as Rename
    const error = failures[place]
    if (!error) {
      changed.set(rename.uid, rename.change)
      continue
    }
    failed.push(rename)
    if (errnoOf(error) === 'ENOENT') again.push(rename.uid)
    else failure ??= fileFault(error, `Cannot change flags in "${folder.name}"`)
  }
  const uncounted = ofDeleted(failed).bases
  if (uncounted.length > 0) await onDeletedChange(uncounted, !deleted).catch(() => {}) // what was counted is taken back
  if (failure) throw failure
}

/** The messages whose \Deleted changes, and what all of them get: one change sets it or takes it away. */
function ofDeleted(renames: readonly Rename[]): {readonly bases: readonly string[]; readonly deleted: boolean} {
  const changing = renames.filter(({deleted}) => deleted !== undefined)
  return {bases: changing.map(({base}) => base), deleted: changing[0]?.deleted ?? false}
}

async function changeKeywords(
  folder: Folder,
  uids: readonly Uid[],
  {mode, keywords}: FlagChange,
  changed: Map<number, StateChange>,
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
