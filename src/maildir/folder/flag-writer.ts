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
import {basesIn, inOrder, type StateChange, type StateChanges} from './chunk.js'
import type {Folder} from './folder.js'
import {LockBatches} from './lock-batches.js'
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
  const batches = new LockBatches()
  let rest: readonly Uid[] = uids
  let renamed = false
  try {
    for (let attempt = 0; rest.length > 0 && attempt < TRIES; attempt += 1) {
      if (attempt > 0) await folder.refresh()
      const again: Uid[] = []
      await batches.each(rest, async (batch) => {
        const done = await folder.exclusive(() => writeBatch(folder, batch, {...options, batches}))
        again.push(...done.again)
        renamed ||= done.renamed
      })
      rest = again
      if (rest.length > 0) folder.touched()
    }
    if (rest.length > 0) throw new Fault('busy', `Others keep changing messages of "${folder.name}"`)
  } finally {
    if (renamed) await folder.syncCur()
  }
}

/** What a message becomes. */
interface NamedChange extends StateChange {
  /** The end of its file name. */
  readonly info: string
  readonly flags: FlagBits
  /** \Deleted changes to this. */
  readonly deleted: boolean | undefined
}

/** Renames in `cur/`, in columns: the messages in ascending order of UID, their moves, and what they become. */
interface Renames {
  readonly uids: Uid[]
  readonly bases: string[]
  readonly moves: Move[]
  readonly states: NamedChange[]
}

const noRenames = (): Renames => ({uids: [], bases: [], moves: [], states: []})

function addRename({uids, bases, moves, states}: Renames, from: Renames, place: number): void {
  uids.push(from.uids[place] as Uid)
  bases.push(from.bases[place] as string)
  moves.push(from.moves[place] as Move)
  states.push(from.states[place] as NamedChange)
}

/** The renames that a change asks for: not those of messages that are gone, or have these flags already. */
function renamesFor(snapshot: Snapshot, uids: readonly Uid[], change: FlagChange): Renames {
  const renames = noRenames()
  const results = new Results(change)
  for (const part of snapshot.partsOf(uids)) {
    const {place, state} = part.chunk
    const bases = basesIn(part)
    for (let at = 0; at < bases.length; at += 1) {
      const offset = part.offsets[at] ?? 0
      const info = state.infos.at(offset) ?? ''
      const result = results.of(info, state.flags[offset] ?? 0)
      if (!result) continue
      const base = bases[at] ?? ''
      renames.uids.push((place.uids[offset] ?? 0) as Uid)
      renames.bases.push(base)
      renames.moves.push({from: base + info, to: base + result.info})
      renames.states.push(result)
    }
  }
  return renames
}

/** What messages become: those that were alike before share it, and those in a row are mostly alike. */
class Results {
  readonly #change: FlagChange
  readonly #known = new Map<string, NamedChange | undefined>()
  #info: string | undefined
  #before: FlagBits = 0
  #last: NamedChange | undefined

  constructor(change: FlagChange) {
    this.#change = change
  }

  /** undefined: nothing else than it is. */
  of(info: string, before: FlagBits): NamedChange | undefined {
    if (info !== this.#info || before !== this.#before) {
      this.#last = this.#find(info, before)
      this.#info = info
      this.#before = before
    }
    return this.#last
  }

  #find(info: string, before: FlagBits): NamedChange | undefined {
    const key = `${info} ${before}`
    if (this.#known.has(key)) return this.#known.get(key)
    const flags = changedFlags(before, this.#change)
    const deleted = (flags ^ before) & FLAG.deleted ? (flags & FLAG.deleted) !== 0 : undefined
    const result = flags === before ? undefined : {info: infoWithFlags(info, flags), flags, deleted}
    this.#known.set(key, result)
    return result
  }
}

interface BatchOptions extends FlagWriteOptions {
  readonly batches: LockBatches
}

async function writeBatch(folder: Folder, uids: readonly Uid[], options: BatchOptions): Promise<{again: Uid[]; renamed: boolean}> {
  const {change, by, batches} = options
  const again: Uid[] = []
  const done: Pick<Renames, 'uids' | 'states'> = {uids: [], states: []}
  const keywordSets = new Map<number, StateChange>()
  const renames = renamesFor(folder.snapshot, uids, change)
  const setsKeywords = folder.env.keywordsMode !== 0 && (change.mode === 'replace' || change.keywords.length > 0)
  if (renames.uids.length === 0 && !setsKeywords) return {again, renamed: false}
  try {
    const write = async () => {
      if (renames.uids.length > 0) await folder.changing(() => renameAll(folder, renames, {again, done, ...options}))
      if (setsKeywords) await changeKeywords(folder, uids, change, keywordSets)
    }
    await folder.locked(() => batches.held(write))
  } finally {
    const changed = keywordSets.size === 0 ? done : together(done, keywordSets)
    folder.apply({changed, by})
    if (changed.uids.length > 0 || again.length > 0) folder.touched()
  }
  return {again, renamed: renames.uids.length > again.length}
}

/** New names and new keywords of messages. */
function together({uids, states}: StateChanges, keywordSets: ReadonlyMap<number, StateChange>): StateChanges {
  const all = new Map<number, StateChange>(uids.map((uid, place) => [uid, states[place] ?? {}]))
  for (const [uid, state] of keywordSets) all.set(uid, {...all.get(uid), ...state})
  return inOrder(all)
}

interface Outcome extends FlagWriteOptions {
  /** Gets those whose files are not there under their names. */
  readonly again: Uid[]
  /** Gets what was done. */
  readonly done: Pick<Renames, 'uids' | 'states'>
}

/** Renames files; one that somebody else has renamed does not keep the others. @throws {Fault} the rest is not done */
async function renameAll(folder: Folder, renames: Renames, outcome: Outcome): Promise<void> {
  const {again, done, onDeletedChange} = outcome
  const {bases, deleted} = ofDeleted(renames)
  try {
    if (bases.length > 0) await onDeletedChange(bases, deleted)
  } catch (refusal) {
    if (renames.uids.length === 1) throw refusal
    // All together are too many: as many as there is room for.
    for (let place = 0; place < renames.uids.length; place += 1) {
      const one = noRenames()
      addRename(one, renames, place)
      await renameAll(folder, one, outcome)
    }
    return
  }
  const failures = await folder.env.files.renameAll(`${folder.path}/cur`, renames.moves)
  const failed = noRenames()
  let failure: unknown
  for (let place = 0; place < failures.length; place += 1) {
    const error = failures[place]
    if (!error) {
      done.uids.push(renames.uids[place] as Uid)
      done.states.push(renames.states[place] as NamedChange)
      continue
    }
    addRename(failed, renames, place)
    if (errnoOf(error) === 'ENOENT') again.push(renames.uids[place] as Uid)
    else failure ??= fileFault(error, `Cannot change flags in "${folder.name}"`)
  }
  const uncounted = ofDeleted(failed).bases
  if (uncounted.length > 0) await onDeletedChange(uncounted, !deleted).catch(() => {}) // what was counted is taken back
  if (failure) throw failure
}

/** The messages whose \Deleted changes, and what all of them get: one change sets it or takes it away. */
function ofDeleted({bases, states}: Renames): {readonly bases: readonly string[]; readonly deleted: boolean} {
  const isChanged = (_: string, place: number) => states[place]?.deleted !== undefined
  const first = states.find(({deleted}) => deleted !== undefined)
  return {bases: first ? bases.filter(isChanged) : [], deleted: first?.deleted ?? false}
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
      if (keywordSet !== folder.snapshot.keywordSetAt(index)) changed.set(uid, {keywordSet})
    }
  }
}
