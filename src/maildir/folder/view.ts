/**
 * One session's mailbox: the messages that the client has been told of, by number.
 *
 * `#listed` is the snapshot that the client's numbers refer to. It moves forward when the client is told; as long as
 * a message may not be said to be gone (RFC 3501 §7.4.1) it stays, and flags are read from the newest snapshot.
 */
import {LineFeedTable} from '../../message/line-feed-table.js'
import {Fault, Hangup} from '../../support/fault.js'
import type {FileFacts, OpenFile} from '../files.js'
import type {IndexedMessage} from '../index/metadata-index.js'
import type {
  Column,
  ColumnValues,
  CopyResult,
  FlagBits,
  FlagChange,
  FolderName,
  MessageNumber,
  MetadataEntry,
  MetadataNeed,
  MoveResult,
  OpenMessage,
  Stretch,
  Uid,
  Update,
  View,
} from '../types.js'
import {FLAG} from '../types.js'
import {writeFlags} from './flag-writer.js'
import type {Folder} from './folder.js'
import type {JournalEntry} from './journal.js'
import {openByUid, readMetadata} from './metadata.js'
import {type Removal, removeMessages} from './remover.js'
import type {Snapshot} from './snapshot.js'
import {UidRanges} from './uid-ranges.js'

/** What a view needs of its account. */
export interface ViewAccount {
  copy(source: Folder, uids: readonly Uid[], target: FolderName, options: {readonly isMove: boolean}): Promise<CopyResult>
  /** \Deleted of messages is about to change: they stop counting for the quota, or count again, all or none. */
  deletedChanges(folder: Folder, bases: readonly string[], deleted: boolean): Promise<void>
  /** Removes copies that were just made. */
  takeBack(target: FolderName, uids: readonly Uid[]): Promise<void>
  /** Messages are gone; they counted for the quota unless they had \Deleted. */
  removed(folder: Folder, names: readonly string[]): Promise<void>
}

export interface ViewOptions {
  readonly folder: Folder
  readonly account: ViewAccount
  readonly readOnly: boolean
  readonly onClose: () => void
}

export class FolderView implements View {
  readonly readOnly: boolean
  readonly #folder: Folder
  readonly #account: ViewAccount
  readonly #onClose: () => void
  readonly #recent = new UidRanges()
  readonly #stopListening: () => void
  #listed: Snapshot
  /** Journal position up to which the client knows what was added and what is gone. */
  #position: number
  /** The same for flags. */
  #flagPosition: number
  #listener: (() => void) | undefined
  /** The large message that was opened last. */
  #large: {readonly uid: Uid; readonly facts: FileFacts; readonly table: LineFeedTable} | undefined
  #closed = false

  constructor({folder, account, readOnly, onClose}: ViewOptions) {
    this.#folder = folder
    this.#account = account
    this.readOnly = readOnly
    this.#onClose = onClose
    this.#listed = folder.snapshot
    this.#position = folder.journal.end
    this.#flagPosition = this.#position
    this.#claimRecent()
    this.#stopListening = folder.listen(() => this.#listener?.())
  }

  get name(): FolderName {
    return this.#folder.name
  }

  get uidValidity(): number {
    return this.#folder.uidValidity
  }

  get uidNext(): number {
    return this.#folder.uidNext
  }

  get highestModseq(): number {
    return this.#folder.highestModseq
  }

  get size(): number {
    return this.#listed.size
  }

  get recent(): number {
    return this.#recent.countIn(this.#listed)
  }

  get keywords(): readonly string[] {
    return this.#folder.keywordFiles.inUse
  }

  uidOf(number: MessageNumber): Uid {
    return this.#listed.uidAt(number - 1)
  }

  numberOf(uid: Uid): MessageNumber | 0 {
    return (this.#listed.indexOf(uid) + 1) as MessageNumber | 0
  }

  firstFrom(uid: Uid): number {
    return this.#listed.firstFrom(uid) + 1
  }

  flagsOf(number: MessageNumber): FlagBits {
    const {snapshot, index} = this.#newest(number)
    return snapshot.flagsAt(index)
  }

  firstWithout(flags: FlagBits): MessageNumber | 0 {
    if (this.#listed === this.#folder.snapshot) return (this.#listed.firstWithout(flags) + 1) as MessageNumber | 0
    for (let number = 1; number <= this.size; number += 1)
      if ((this.flagsOf(number as MessageNumber) & flags) === 0) return number as MessageNumber
    return 0
  }

  countWithout(flags: FlagBits): number {
    const {snapshot} = this.#folder
    if (this.#listed === snapshot) return snapshot.countWithout(flags)
    const lacks = (number: number) => (this.flagsOf(number as MessageNumber) & flags) === 0
    let count = 0
    let next = 1
    for (const stretch of this.stretches()) {
      for (; next < stretch.first; next += 1) if (lacks(next)) count += 1
      count += stretch.countWithout(flags)
      next += stretch.size
    }
    for (; next <= this.size; next += 1) if (lacks(next)) count += 1
    return count
  }

  stretches(): readonly Stretch[] {
    return this.#folder.snapshot.stretchesOf(this.#listed)
  }

  keywordsOf(number: MessageNumber): readonly string[] {
    const {snapshot, index} = this.#newest(number)
    return this.#folder.keywordTable.keywords(snapshot.keywordSetAt(index))
  }

  modseqOf(number: MessageNumber): number {
    const {snapshot, index} = this.#newest(number)
    return snapshot.modseqAt(index)
  }

  isRecent(number: MessageNumber): boolean {
    return this.#recent.has(this.uidOf(number))
  }

  async refresh(): Promise<void> {
    try {
      await this.#folder.refresh({lately: true})
    } catch (error) {
      if (error instanceof Fault && error.code === 'no-such-mailbox') throw new Hangup('mailbox-gone', error.message)
      throw error
    }
  }

  checkThere(): void {
    try {
      this.#folder.checkThere()
    } catch (error) {
      throw new Hangup('mailbox-gone', error instanceof Error ? error.message : undefined)
    }
  }

  get pending(): boolean {
    return (
      this.#listed !== this.#folder.snapshot && (this.#position < this.#folder.journal.end || this.#flagPosition < this.#folder.journal.end)
    )
  }

  updates({expunges}: {readonly expunges: boolean}): Update[] {
    const current = this.#folder.snapshot
    const end = this.#folder.journal.end
    const changes = this.#folder.journal.since(Math.min(this.#position, this.#flagPosition))
    const {gone, flagged} = changes ? this.#fromJournal(changes) : this.#byComparison(current)
    // Others came and went between two looks.
    const lost = this.#listed
      .indexesOf(gone)
      .filter((index) => index >= 0)
      .sort()
    const mayMove = expunges || lost.length === 0
    const updates = mayMove ? expungesOf(this.#listed, lost) : []
    if (mayMove) {
      const grew = current.size > this.#listed.size - lost.length
      this.#listed = current
      this.#position = end
      this.#claimRecent()
      if (grew || lost.length > 0) updates.push({kind: 'exists', messages: current.size, recent: this.recent})
    }
    this.#flagPosition = end
    for (const uid of flagged) {
      const number = this.numberOf(uid)
      if (number !== 0 && current.indexOf(uid) >= 0) updates.push({kind: 'flags', number})
    }
    return updates
  }

  watch(listener: () => void): () => void {
    this.#listener = listener
    const unwatch = this.#folder.watch()
    return () => {
      this.#listener = undefined
      unwatch()
    }
  }

  metadata(numbers: readonly MessageNumber[], need: MetadataNeed): AsyncIterable<readonly MetadataEntry[]> {
    return readMetadata(this.#folder, {listed: this.#listed, numbers}, need)
  }

  values<T>(column: Column<T>, numbers: readonly MessageNumber[]): Promise<ColumnValues<T>> {
    return this.#folder.columns.values(column, this.#listed, numbers)
  }

  open(number: MessageNumber): OpenMessage | undefined | Promise<OpenMessage | undefined> {
    const message = {uid: this.uidOf(number), hash: this.#listed.baseHashAt(number - 1)}
    const opening = openByUid(this.#folder, message.uid)
    return opening instanceof Promise ? opening.then((file) => this.#compared(message, file)) : this.#compared(message, opening)
  }

  #compared(message: IndexedMessage, file: OpenFile | undefined): OpenMessage | undefined {
    if (!file) return undefined
    this.#folder.index.compare(message, file.facts)
    return new OpenedMessage(file, file.whole ? undefined : this.#lineFeedsOf(message.uid, file.facts))
  }

  /** Clients fetch one large message in pieces: what is known of the last one's line ends is kept. */
  #lineFeedsOf(uid: Uid, facts: FileFacts): LineFeedTable {
    const last = this.#large
    const isSame = last?.uid === uid && last.facts.inode === facts.inode && last.facts.mtimeNs === facts.mtimeNs
    if (last && isSame && last.facts.size === facts.size) return last.table
    const table = new LineFeedTable()
    this.#large = {uid, facts, table}
    return table
  }

  async store(numbers: readonly MessageNumber[], change: FlagChange): Promise<void> {
    const folder = this.#folder
    await writeFlags(folder, this.#uidsOf(numbers), {
      change,
      by: this,
      onDeletedChange: (bases, deleted) => this.#account.deletedChanges(folder, bases, deleted),
    })
  }

  async expunge(numbers?: readonly MessageNumber[]): Promise<void> {
    const asked = numbers && new Set(this.#uidsOf(numbers))
    const deleted = this.#folder.snapshot.uidsWith(FLAG.deleted)
    const doomed = asked ? deleted.filter((uid) => asked.has(uid)) : this.#toldOf(deleted)
    await this.#tellRemoved(await removeMessages(this.#folder, doomed, FLAG.deleted))
  }

  copy(numbers: readonly MessageNumber[], target: FolderName): Promise<CopyResult> {
    return this.#account.copy(this.#folder, this.#uidsOf(numbers), target, {isMove: false})
  }

  async move(numbers: readonly MessageNumber[], target: FolderName): Promise<MoveResult> {
    const folder = this.#folder
    const {uidValidity, from, to} = await this.#account.copy(folder, this.#uidsOf(numbers), target, {isMove: true})
    const failure = await removeMessages(folder, from, 0)
      .then((removal) => this.#tellRemoved(removal))
      .then(
        () => undefined,
        (error: Error) => error,
      )
    // RFC 6851 §3.3: no message should be left in both mailboxes.
    const places = folder.snapshot.indexesOf(from)
    const isKept = (_: Uid, place: number) => (places[place] ?? -1) >= 0
    const doubled = to.filter(isKept)
    if (doubled.length > 0) await this.#account.takeBack(target, doubled)
    const reason = failure ?? (doubled.length > 0 ? new Fault('busy', `Others keep changing messages of "${folder.name}"`) : undefined)
    const isMoved = (uid: Uid, place: number) => !isKept(uid, place)
    return {uidValidity, from: from.filter(isMoved), to: to.filter(isMoved), failure: reason}
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#listener = undefined
    this.#stopListening()
    this.#onClose()
  }

  async #tellRemoved({removed, failure}: Removal): Promise<void> {
    if (removed.length > 0) await this.#account.removed(this.#folder, removed)
    if (failure) throw failure
  }

  /** Of messages of the folder those that the client knows of. */
  #toldOf(uids: readonly Uid[]): readonly Uid[] {
    if (this.#folder.snapshot === this.#listed) return uids
    const places = this.#listed.indexesOf(uids)
    return uids.filter((_, at) => (places[at] ?? -1) >= 0)
  }

  #uidsOf(numbers: readonly MessageNumber[]): Uid[] {
    return numbers.map((number) => this.uidOf(number))
  }

  /** Newest state of a message; what it was last for one that is gone. */
  #newest(number: MessageNumber): {snapshot: Snapshot; index: number} {
    const current = this.#folder.snapshot
    if (current === this.#listed) return {snapshot: current, index: number - 1}
    const index = current.indexOf(this.#listed.uidAt(number - 1))
    return index < 0 ? {snapshot: this.#listed, index: number - 1} : {snapshot: current, index}
  }

  /** New messages are \Recent for the first read-write session that learns of them. */
  #claimRecent(): void {
    for (const [from, to] of this.#folder.recentRanges(!this.readOnly).all) this.#recent.add(from, to)
  }

  #fromJournal(changes: readonly JournalEntry[]): {gone: Uid[]; flagged: Set<Uid>} {
    const start = Math.min(this.#position, this.#flagPosition)
    const gone: Uid[] = []
    const flagged = new Set<Uid>()
    for (const [offset, change] of changes.entries()) {
      const position = start + offset
      if (change.kind === 'gone' && position >= this.#position) gone.push(...change.uids)
      if (change.kind === 'flags' && position >= this.#flagPosition && change.by !== this)
        for (const uid of change.uids) if (this.#listed.indexOf(uid) >= 0) flagged.add(uid)
    }
    return {gone, flagged}
  }

  /** For a view that has fallen behind the journal: what differs between the two snapshots. */
  #byComparison(current: Snapshot): {gone: Uid[]; flagged: Set<Uid>} {
    const gone: Uid[] = []
    const flagged = new Set<Uid>()
    for (let index = 0; index < this.#listed.size; index += 1) {
      const uid = this.#listed.uidAt(index)
      const now = current.indexOf(uid)
      if (now < 0) gone.push(uid)
      else if (current.modseqAt(now) !== this.#listed.modseqAt(index)) flagged.add(uid)
    }
    return {gone, flagged}
  }
}

/** `lost`: indexes in ascending order. Each message that went makes the numbers of those behind it less. */
function expungesOf(listed: Snapshot, lost: Int32Array): Update[] {
  const updates: Update[] = []
  for (let removed = 0; removed < lost.length; removed += 1) {
    const index = lost[removed] ?? 0
    updates.push({kind: 'expunge', number: (index + 1 - removed) as MessageNumber, uid: listed.uidAt(index)})
  }
  return updates
}

class OpenedMessage implements OpenMessage {
  readonly lineFeeds: LineFeedTable | undefined
  readonly #file: OpenFile

  constructor(file: OpenFile, lineFeeds: LineFeedTable | undefined) {
    this.lineFeeds = lineFeeds
    this.#file = file
  }

  get storedBytes(): number {
    return this.#file.facts.size
  }

  get internalDateMs(): number {
    return Number(this.#file.facts.mtimeNs / 1_000_000n)
  }

  get whole(): Buffer | undefined {
    return this.#file.whole
  }

  read(start: number, end: number): Promise<Buffer> {
    return this.#file.read(start, Math.max(0, end - start))
  }

  [Symbol.dispose](): void {
    this.#file.close()
  }
}
