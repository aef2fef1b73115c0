/**
 * What this process knows of the messages of a folder, and how that changes: the newest snapshot, the journal that
 * sessions read, names, keywords and the folder's numbers. No file of the folder is changed here.
 */
import {Pace} from '../../support/pace.js'
import {paced} from '../../support/steps.js'
import type {StoreEnvironment} from '../environment.js'
import {flagsOfName} from '../file-names.js'
import type {FolderIndex} from '../index/metadata-index.js'
import {FolderKeywords} from '../keywords/folder-keywords.js'
import type {Uid} from '../types.js'
import {inOrder, type MessageRow, noKeywords, type StateChange, type StateChanges} from './chunk.js'
import {folderIdentity, modseqOfStamps, stampForModseq} from './identity.js'
import {Journal} from './journal.js'
import {KeywordTable} from './keyword-table.js'
import {NameTable} from './known-names.js'
import type {ListedFolder} from './listed-folder.js'
import {Snapshot} from './snapshot.js'
import {Unclaimed} from './unclaimed.js'

/** Something happened to the folder; `by` is who did it. */
export interface FolderChange {
  readonly added?: readonly MessageRow[]
  /** These in columns, when `columnsOf` has made them already. */
  readonly columns?: Snapshot | undefined
  readonly gone?: readonly Uid[]
  /** Only of known messages. */
  readonly changed?: StateChanges
  readonly by?: object | undefined
}

/** Where a folder that is known already begins. */
export interface KnownState {
  readonly snapshot: Snapshot
  readonly uidValidity: number
  readonly uidNext: number
  readonly highestModseq: number
}

const NO_CHANGES: StateChanges = {uids: [], states: []}

/** Reads the keywords of messages that exist. Answers with the messages that have some. */
export type KeywordReading = (exists: (base: string) => boolean) => Promise<readonly string[]>

export interface ContentsOptions {
  /** The folder's index, once it is in use. */
  readonly index: () => FolderIndex | undefined
  /** Gives the UID database a file time, milliseconds since 1970. Not waited for: answers are right without it while the index is there. */
  readonly keepFileTime: (mtimeMs: number) => void
  /** Called after each change. */
  readonly onChange: () => void
}

export class FolderContents {
  readonly journal = new Journal()
  readonly keywordTable = new KeywordTable()
  readonly recents = new Unclaimed()
  readonly names: NameTable
  readonly keywordFiles: FolderKeywords
  readonly #env: StoreEnvironment
  readonly #path: string
  readonly #index: () => FolderIndex | undefined
  readonly #keepFileTime: (mtimeMs: number) => void
  readonly #onChange: () => void
  #snapshot = Snapshot.empty
  #loaded = false
  #uidValidity = 0
  #uidNext = 1
  /** Of all messages that were ever in the snapshot. */
  #highestUid = 0
  #highestModseq = 0
  /** It is above what an earlier process can have given, even if the clock was set back. */
  #isStamped = false

  /** `path`: the folder, in octets. */
  constructor(env: StoreEnvironment, path: string, {index, keepFileTime, onChange}: ContentsOptions) {
    this.#env = env
    this.#path = path
    this.#index = index
    this.#keepFileTime = keepFileTime
    this.#onChange = onChange
    this.names = new NameTable(() => this.#snapshot)
    this.keywordFiles = new FolderKeywords(path, env)
  }

  get snapshot(): Snapshot {
    return this.#snapshot
  }

  /** The folder has been read. */
  get loaded(): boolean {
    return this.#loaded
  }

  get uidValidity(): number {
    return this.#uidValidity
  }

  get uidNext(): number {
    return this.#uidNext
  }

  get highestUid(): number {
    return this.#highestUid
  }

  get highestModseq(): number {
    return this.#highestModseq
  }

  /** The file time that a UID database needs; undefined: that of the clock. */
  get stampMs(): number | undefined {
    return stampForModseq(this.#highestModseq, this.#env)
  }

  /** The folder is as an earlier process left it; nothing of it is news. False: its keywords are others, it has to be read. */
  async takeUp(
    {snapshot, uidValidity, uidNext, highestModseq}: KnownState,
    {hasKeywords}: {readonly hasKeywords: boolean},
  ): Promise<boolean> {
    this.#snapshot = snapshot
    this.names.takeUp()
    try {
      this.#loaded = this.#env.keywordsMode === 0 || !hasKeywords || (await this.#takeUpKeywords())
    } finally {
      if (!this.#loaded) {
        this.#snapshot = Snapshot.empty
        this.names.takeUp()
      }
    }
    if (!this.#loaded) return false
    this.#uidValidity = uidValidity
    this.#uidNext = uidNext
    this.#highestUid = uidNext - 1
    this.#highestModseq = highestModseq
    return true
  }

  /** The folder has been read for the first time, and this is what was found; nothing of it is news. */
  async begin(
    listed: ListedFolder,
    {hasKeywords, readKeywords}: {readonly hasKeywords: boolean; readonly readKeywords: KeywordReading},
  ): Promise<void> {
    let found: Snapshot | undefined
    const known = () => {
      found ??= snapshotOf(listed, 0)
      return found
    }
    const names = new NameTable(known)
    if (hasKeywords) await names.make()
    const tagged = await readKeywords((base) => names.indexOf(base) >= 0)
    const keywordSets = new Map<number, StateChange>()
    for (const base of tagged) {
      const index = names.indexOf(base)
      if (index >= 0) keywordSets.set(known().uidAt(index), {keywordSet: this.keywordSetOf(base)})
    }
    const modseq = this.nextModseq()
    this.#snapshot = snapshotOf(listed, modseq).change(inOrder(keywordSets), modseq)
    this.names.takeUp()
    this.#highestUid = this.#snapshot.size > 0 ? this.#snapshot.uidAt(this.#snapshot.size - 1) : 0
    this.isRead(listed)
    this.#index()?.changed()
    this.#onChange()
  }

  /** False: the keywords are not those that the snapshot has. */
  async #takeUpKeywords(): Promise<boolean> {
    await this.names.make()
    const {changed} = await this.keywordFiles.load({exists: (base) => this.has(base), consolidate: false})
    const tagged = new Set<number>()
    for (const base of changed) {
      const uid = this.uidOf(base)
      if (uid === undefined) continue
      const index = this.#snapshot.indexOf(uid)
      if (this.#snapshot.keywordSetAt(index) !== this.keywordSetOf(base)) return false
      tagged.add(index)
    }
    for (let index = 0; index < this.#snapshot.size; index += 1)
      if (this.#snapshot.keywordSetAt(index) !== 0 && !tagged.has(index)) return false
    return true
  }

  /** The folder has been read: these are its numbers now. */
  isRead({uidValidity, uidNext}: {readonly uidValidity: number; readonly uidNext: number}): void {
    this.#uidValidity = uidValidity
    this.#uidNext = uidNext
    this.#loaded = true
  }

  /** A modification sequence that an earlier process has given. */
  sawModseq(modseq: number): void {
    this.#highestModseq = Math.max(this.#highestModseq, modseq)
  }

  /** UIDs for new messages; nobody has them before `giveUids`. */
  nextUids(count: number): Uid[] {
    return Array.from({length: count}, (_, place) => (this.#uidNext + place) as Uid)
  }

  /** These UIDs are in the database on disk now. */
  giveUids(uids: readonly Uid[]): void {
    this.#uidNext = Math.max(this.#uidNext, (uids.at(-1) ?? 0) + 1)
  }

  /**
   * Rows to be added as columns, made in turn with other work, with the modification sequence of news for those that have none:
   * for `apply`, which lets nobody have a turn.
   */
  columnsOf(rows: readonly MessageRow[]): Promise<Snapshot> {
    const modseq = rows.some((row) => row.modseq === 0) ? this.nextModseq() : this.#highestModseq
    return paced(Snapshot.steps(rows, {modseq, shared: (info) => this.names.shared(info)}), new Pace())
  }

  /** Makes a change of ours or a found one the state, and tells everybody. */
  apply({added = [], columns, gone = [], changed = NO_CHANGES, by}: FolderChange): void {
    if (added.length === 0 && gone.length === 0 && changed.uids.length === 0) return
    const isNews = gone.length > 0 || changed.uids.length > 0 || (!columns && added.some(({modseq}) => modseq === 0))
    const modseq = isNews ? this.nextModseq() : this.#highestModseq
    if (gone.length > 0) this.#remove(gone, added)
    if (changed.uids.length > 0) this.#snapshot = this.#snapshot.change(changed, modseq)
    if (added.length > 0) {
      this.#snapshot = columns
        ? this.#snapshot.with(columns)
        : this.#snapshot.append(added, {modseq, shared: (info) => this.names.shared(info)})
      this.#cameIn(added)
    }
    this.journal.add({kind: 'gone', uids: gone})
    this.journal.add({kind: 'added', uids: added.map(({uid}) => uid)})
    this.journal.add({kind: 'flags', uids: changed.uids, by})
    this.#index()?.changed()
    this.#onChange()
  }

  #remove(gone: readonly Uid[], added: readonly MessageRow[]): void {
    this.#index()?.delete(gone)
    if (this.keywordFiles.hasAny) {
      // A message that only changes its UID is gone and added: its keywords stay.
      const staying = new Set(added.map(({base}) => base))
      this.keywordFiles.gone(this.#snapshot.basesOf(gone).filter((base) => !staying.has(base)))
    }
    this.#snapshot = this.#snapshot.without(gone)
  }

  #cameIn(added: readonly MessageRow[]): void {
    for (const {uid, base} of added) this.names.add(base, uid)
    this.#highestUid = Math.max(this.#highestUid, added.at(-1)?.uid ?? 0)
    if (this.keywordFiles.hasAny) this.keywordFiles.came(added.map(({base}) => base))
  }

  /** `max(last + 1, now, newest time stamp of the folder)` in microseconds: never goes back (`design.md` §3). */
  nextModseq(): number {
    const now = Math.floor(this.#env.nowMs() * 1000)
    const stamps = this.#isStamped ? 0 : modseqOfStamps(folderIdentity(this.#env.files, this.#path))
    this.#isStamped = true
    // Without anything to go on from, only what does not depend on the clock is the same when the index is lost again.
    const isFirst = this.#highestModseq === 0 && stamps > 0
    this.#highestModseq = isFirst ? stamps : Math.max(this.#highestModseq + 1, now, stamps)
    if (!isFirst) this.#keepStamp()
    return this.#highestModseq
  }

  /** After the clock was set back what changes gets older stamps: the UID database keeps one for whoever has nothing else to go on from. */
  #keepStamp(): void {
    const {stampMs} = this
    if (stampMs !== undefined) this.#keepFileTime(stampMs)
  }

  /** The row of a message that was found under this name. `modseq` 0: it is news. */
  rowOf(uid: Uid, {base, info}: {readonly base: string; readonly info: string}, modseq: number): MessageRow {
    return {uid, base, info, flags: flagsOfName(info), keywordSet: this.keywordSetOf(base), modseq}
  }

  keywordSetOf(base: string): number {
    return this.#env.keywordsMode === 0 ? 0 : this.keywordTable.numberOf(this.keywordFiles.of(base))
  }

  /** A message with this base name is known. */
  has(base: string): boolean {
    return this.names.indexOf(base) >= 0
  }

  uidOf(base: string): Uid | undefined {
    const index = this.names.indexOf(base)
    return index < 0 ? undefined : this.#snapshot.uidAt(index)
  }

  /** File name of the message with this base name, as last seen. */
  nameOf(base: string): string | undefined {
    const index = this.names.indexOf(base)
    return index < 0 ? undefined : this.#snapshot.nameAt(index)
  }
}

/** The messages of a folder that was read for the first time. */
export function snapshotOf({stretches}: ListedFolder, modseq: number): Snapshot {
  return Snapshot.ofColumns(
    stretches.map((columns) => ({
      ...columns,
      keywordSets: noKeywords(columns.uids.length),
      modseqs: new Float64Array(columns.uids.length).fill(modseq),
    })),
  )
}

/** The lines of the UID database as of a snapshot, and those of more messages after them. */
export function* uidLines(snapshot: Snapshot, more: Iterable<MessageRow> = []): Generator<readonly [base: string, uid: number]> {
  for (let index = 0; index < snapshot.size; index += 1) yield [snapshot.baseAt(index), snapshot.uidAt(index)]
  for (const {base, uid} of more) yield [base, uid]
}
