/**
 * The index of one folder in three files: `view` (columns, replaced whole), `log` (changes since, appended) and
 * `records` (metadata blocks, appended); `design.md` §3. This process is their only writer.
 *
 * Nothing here is needed: whatever cannot be read or is not right counts as not there, and is read from the Maildir.
 * What the folder is and what its files told is kept within a second, without a sync; a power cut leaves an older
 * state or none, and the folder's identity tells whether it still holds.
 */
import type {Log} from '../../../log/log.js'
import {Pace} from '../../../support/pace.js'
import {paced} from '../../../support/steps.js'
import type {FileFacts} from '../../files.js'
import {PART, PARTS} from '../../metadata-need.js'
import type {MessageMetadata, Uid} from '../../types.js'
import type {FileLookup, FolderIndex, FolderState, IndexEntry, IndexedMessage, ReadOptions, SavedFolder} from '../metadata-index.js'
import type {Slab} from '../slab.js'
import {inDirectory, moveFile, sizeOf} from './cache-files.js'
import {crc32} from './checksum.js'
import {copyRecords} from './copy-records.js'
import {type FoundFiles, KeptState, nextGeneration} from './kept-state.js'
import type {LogState} from './log-file.js'
import {logStateOf} from './log-state.js'
import {RECORD_LIMIT_BYTES, RowMetadata, readRecord, writeRecord} from './record.js'
import {type RecordPlace, RecordsFile} from './records-file.js'
import {DEAD} from './row-columns.js'
import {type MetadataRow, MetadataRows, type RowFacts} from './rows.js'
import type {SavedRows} from './saved-rows.js'
import {viewState} from './view-file.js'

const SAVE_MS = 1_000
/** Rows that are logged before others get their turn; more of them than this, and than an eighth of all, are a new view. */
const ROWS_AT_ONCE = 2048
/** Records are copied to a new file when as much as this, and half of them, belongs to nobody. */
const DEAD_BYTES = 4 * 1024 * 1024
/** What rows tell by themselves; the rest is in their records. */
const ROW_PARTS = PART.date | PART.size
const NOWHERE: ReadonlyMap<number, number> = new Map()

export interface FlatFolderOptions {
  readonly directory: string
  /** Which folder this is: files of another are not believed. */
  readonly identity: string
  readonly log: Log
  readonly nowMs: () => number
  /** Octets of records without a message that are put up with. */
  readonly deadBytes?: number | undefined
  /** Nobody has the folder open, and all of it is kept. */
  readonly onClosed: () => void
}

export class FlatFolder implements FolderIndex {
  readonly #options: FlatFolderOptions
  readonly #seed: number
  #state: () => FolderState | undefined = () => undefined
  #uses = 0
  #loaded = false
  #off = false
  #uidValidity = 0
  #knownRows = new MetadataRows()
  /** Rows that nobody has asked for since the folder was read. */
  #savedRows: SavedRows | undefined
  #records: RecordsFile
  #recordsGeneration = 0
  /** Records are being copied: new ones are not kept for so long. */
  #compacting = false
  readonly #kept: KeptState
  /** UIDs whose rows view and log do not tell; some of them more than once. */
  #dirty: number[] = []
  #timer: NodeJS.Timeout | undefined
  #saving: Promise<void> = Promise.resolve()

  constructor(options: FlatFolderOptions) {
    this.#options = options
    this.#seed = crc32(Buffer.from(options.identity, 'latin1'))
    this.#kept = new KeptState(options.directory, this.#seed)
    this.#records = this.#emptyRecords()
  }

  /** The folder is open once more; `state` tells what to keep. */
  open(state: () => FolderState | undefined): this {
    this.#uses += 1
    this.#state = state
    return this
  }

  restore(): SavedFolder | undefined {
    this.#load()
    return this.#kept.state
  }

  belongsTo(uidValidity: number): void {
    this.#load()
    if (uidValidity === this.#uidValidity) return
    this.#uidValidity = uidValidity
    this.#forgetAll()
  }

  async read(messages: readonly IndexedMessage[], {need, factsOf, slab}: ReadOptions): Promise<readonly (MessageMetadata | undefined)[]> {
    if (this.#savedRows) await this.#readInTurn(this.#savedRows)
    const parts = PARTS[need]
    const places = this.#placesOf(messages, parts, factsOf)
    return (parts & ~ROW_PARTS) === 0 ? this.#rowsAt(places) : this.#recordsAt(messages, places, {parts, slab})
  }

  // Loops, not closures: V8 drops what it has compiled of a closure with the last one that exists, and compiles it again for the next.

  #rowsAt(places: readonly number[]): (MessageMetadata | undefined)[] {
    const rows = this.#rows
    const found: (MessageMetadata | undefined)[] = []
    for (const place of places) found.push(place < 0 ? undefined : new RowMetadata(rows.factsAt(place)))
    return found
  }

  #recordsAt(
    messages: readonly IndexedMessage[],
    places: readonly number[],
    {parts, slab}: {readonly parts: number; readonly slab: Slab},
  ): (MessageMetadata | undefined)[] {
    const rows = this.#rows
    const payloads = this.#payloadsOf(places, slab)
    const found: (MessageMetadata | undefined)[] = []
    for (let number = 0; number < messages.length; number += 1) {
      const place = places[number] ?? -1
      const message = messages[number] as IndexedMessage
      found.push(place < 0 ? undefined : this.#decode(payloads[number], message, {facts: rows.factsAt(place), parts}))
    }
    return found
  }

  get version(): number {
    return this.#off || this.#uidValidity === 0 ? Number.NaN : this.#rows.version
  }

  stamps(messages: readonly IndexedMessage[], {factsOf}: FileLookup): readonly number[] {
    const stamps: number[] = []
    for (const place of this.#placesOf(messages, PART.date, factsOf)) stamps.push(place < 0 ? 0 : this.#rows.stampAt(place))
    return stamps
  }

  compare({uid, hash}: IndexedMessage, facts: FileFacts): void {
    const place = this.#rows.find(uid)
    if (place < 0) return
    if (this.#rows.hashAt(place) === hash && isAboutFile(this.#rows, place, facts)) this.#rows.confirm(place)
    else this.#forget(uid)
  }

  set({uid, hash}: IndexedMessage, entry: IndexEntry): void {
    if (this.#off || this.#uidValidity === 0) return
    const {inode, mtimeNs, metadata} = entry
    const {storedBytes} = metadata
    const parts = PARTS[entry.level]
    const before = this.#rowOf({uid, hash}, {inode, mtimeNs, storedBytes})
    const needsRecord = (parts & ~ROW_PARTS & ~(before?.parts ?? 0)) !== 0
    const record = needsRecord ? this.#record({uid, hash}, entry) : undefined
    this.#rows.put({
      uid,
      hash,
      parts: (record ? parts : parts & ROW_PARTS) | (before?.parts ?? 0),
      inode,
      mtimeNs,
      storedBytes,
      wireBytes: (parts & PART.size) !== 0 ? metadata.wireBytes : (before?.wireBytes ?? 0),
      offset: record?.offset ?? before?.offset ?? 0,
      length: record?.length ?? before?.length ?? 0,
    })
    this.#dirty.push(uid)
    this.changed()
  }

  /** The row that the message has, if it is about this very file. */
  #rowOf({uid, hash}: IndexedMessage, file: Pick<MetadataRow, 'inode' | 'mtimeNs' | 'storedBytes'>): MetadataRow | undefined {
    const place = this.#rows.find(uid)
    return place >= 0 && this.#rows.hashAt(place) === hash && this.#rows.isAbout(place, file) ? this.#rows.row(place) : undefined
  }

  delete(uids: readonly Uid[]): void {
    if (this.#savedRows) {
      // Nobody has asked for rows: they are not read for this, and go when they are.
      this.#savedRows.remove(uids)
      for (const uid of uids) this.#dirty.push(uid)
      return
    }
    if (this.#rows.live === 0) return
    for (const uid of uids) this.#forget(uid)
  }

  #forget(uid: Uid): void {
    if (this.#rows.remove(uid)) this.#dirty.push(uid)
  }

  doubt(): void {
    ;(this.#savedRows ?? this.#knownRows).doubt()
  }

  changed(): void {
    if (this.#off) return
    this.#timer ??= setTimeout(() => void this.save(), SAVE_MS).unref()
  }

  close(): void {
    this.#uses -= 1
    if (this.#uses > 0) return
    void this.save({isLast: true}).then(() => {
      if (this.#uses === 0) this.#options.onClosed()
    })
  }

  /** Keeps what has not been kept yet. */
  save({isLast = false}: {readonly isLast?: boolean} = {}): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#saving = this.#saving.then(() => this.#save(isLast))
    return this.#saving
  }

  #emptyRecords(): RecordsFile {
    this.#recordsGeneration = nextGeneration(this.#recordsGeneration, this.#options.nowMs())
    return this.#recordsFile(this.#recordsGeneration, 0)
  }

  #recordsFile(generation: number, endBytes: number, name = 'records'): RecordsFile {
    const seed = crc32(Buffer.from(`${this.#uidValidity} ${generation}`, 'latin1'), this.#seed)
    return new RecordsFile(`${this.#options.directory}/${name}`, seed, endBytes)
  }

  #forgetAll(): void {
    this.#savedRows = undefined
    this.#knownRows = new MetadataRows(undefined, {version: this.#knownRows.version + 1})
    this.#records = this.#emptyRecords()
    this.#kept.forget()
    this.#dirty = []
  }

  #load(): void {
    if (this.#loaded) return
    this.#loaded = true
    try {
      this.#readFiles()
    } catch (error) {
      this.#uidValidity = 0
      this.#setAside(String(error))
    }
  }

  #readFiles(): void {
    const found = this.#kept.read()
    if (!found) return
    this.#uidValidity = found.state.uidValidity
    this.#savedRows = found.rows
    this.#takeRecords(found)
  }

  /** What is known of each message. Who only opens a folder does not ask for it. */
  get #rows(): MetadataRows {
    const saved = this.#savedRows
    this.#savedRows = undefined
    if (saved) this.#readRows(saved)
    return this.#knownRows
  }

  #readRows(saved: SavedRows): void {
    try {
      this.#knownRows = saved.read()
    } catch (error) {
      this.#loseRows(error)
    }
  }

  /** Reads the rows in turn with other work, unless somebody cannot wait for them meanwhile. */
  async #readInTurn(saved: SavedRows): Promise<void> {
    const isWanted = () => this.#savedRows === saved
    try {
      const rows = await paced(saved.steps(), new Pace())
      if (!isWanted()) return
      this.#savedRows = undefined
      this.#knownRows = rows
    } catch (error) {
      if (isWanted()) this.#loseRows(error)
    }
  }

  #loseRows(error: unknown): void {
    this.#setAside(String(error))
    this.changed()
  }

  #takeRecords({recordsGeneration, recordsEnd}: FoundFiles): void {
    const {directory} = this.#options
    const size = Math.max(0, sizeOf(`${directory}/records`)) // none are no file
    this.#recordsGeneration = recordsGeneration
    if (size >= recordsEnd) this.#records = this.#recordsFile(recordsGeneration, size)
    else this.#dropRecords('The records are cut')
  }

  /** The records are of no use: what the rows say by themselves stays. */
  #dropRecords(reason: string): void {
    this.#options.log.warning('index.damaged', {path: `${this.#options.directory}/records`, reason})
    this.#rows.moveRecords(NOWHERE, ROW_PARTS)
    this.#records = this.#emptyRecords()
    this.#kept.end()
    this.changed()
  }

  /** Files that cannot be used are kept under another name, one of each, for whoever wants to know why. */
  #setAside(reason: string): void {
    const {directory, log} = this.#options
    log.warning('index.damaged', {path: directory, reason})
    for (const name of ['view', 'log', 'records']) {
      try {
        moveFile(`${directory}/${name}`, `${directory}/${name}.damaged`)
      } catch {
        // there is none, or it cannot be moved: then writing fails as well
      }
    }
    this.#forgetAll()
  }

  /** Places of the rows that may be used; -1: there is none. Mostly they follow each other. */
  #placesOf(messages: readonly IndexedMessage[], parts: number, factsOf: FileLookup['factsOf']): number[] {
    let last = -1
    const places: number[] = []
    for (const message of messages) {
      const place = this.#off ? -1 : this.#rows.find(message.uid, last + 1)
      if (place >= 0) last = place
      places.push(place < 0 ? -1 : this.#usable(place, message, {parts, factsOf}))
    }
    return places
  }

  /** The place, if its row may be used; else -1. */
  #usable(place: number, message: IndexedMessage, {parts, factsOf}: {readonly parts: number} & FileLookup): number {
    const rows = this.#rows
    if ((parts & ~rows.partsAt(place)) !== 0 || rows.hashAt(place) !== message.hash) return -1
    if (!rows.isDoubtful(place)) return place
    const facts = factsOf(message)
    if (facts && isAboutFile(rows, place, facts)) {
      rows.confirm(place)
      return place
    }
    this.#forget(message.uid)
    return -1
  }

  #payloadsOf(places: readonly number[], slab: Slab): readonly (Buffer | undefined)[] {
    const known: RecordPlace[] = []
    for (const place of places) if (place >= 0) known.push(this.#rows.recordAt(place))
    if (known.length === 0) return []
    try {
      const read = this.#records.read(known, slab)
      const payloads: (Buffer | undefined)[] = []
      let at = 0
      for (const place of places) payloads.push(place < 0 ? undefined : read[at++])
      return payloads
    } catch (error) {
      this.#dropRecords(String(error))
      return []
    }
  }

  #decode(
    payload: Buffer | undefined,
    message: IndexedMessage,
    {facts, parts}: {readonly facts: RowFacts; readonly parts: number},
  ): MessageMetadata | undefined {
    try {
      const metadata = payload && readRecord(payload, message, facts, (parts & PART.structure) !== 0)
      if (metadata) return metadata
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
    }
    this.#options.log.debug('index.damaged-record', {path: this.#options.directory, count: message.uid})
    this.#forget(message.uid)
    return undefined
  }

  /** Adds a record; undefined where it does not belong into the index. */
  #record(message: IndexedMessage, entry: IndexEntry) {
    if (this.#compacting || entry.metadata.header.length > RECORD_LIMIT_BYTES) return undefined
    try {
      const place = this.#records.append((out) => {
        const start = out.length
        writeRecord(out, message, entry)
        if (out.length - start > RECORD_LIMIT_BYTES) throw new RangeError('Too large')
      })
      if (this.#records.isFull) this.#flush()
      return this.#off ? undefined : place
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      return undefined
    }
  }

  #flush(): void {
    try {
      if (!inDirectory(this.#options.directory, () => this.#records.flush())) this.#dropRecords('Somebody else has written to them')
    } catch (error) {
      this.#turnOff(error)
    }
  }

  #turnOff(error: unknown): void {
    this.#options.log.warning('index.off', {path: this.#options.directory, reason: String(error)})
    this.#off = true
    this.#forgetAll()
  }

  async #save(isLast: boolean): Promise<void> {
    const state = this.#off ? undefined : this.#state()
    if (!state || state.uidValidity !== this.#uidValidity) return
    if (this.#dirty.length === 0 && this.#kept.tells(state) && !(isLast && this.#kept.isLong({isLast}))) return
    this.#flush()
    if (this.#off) return
    try {
      const isMuch = this.#dirty.length > ROWS_AT_ONCE && this.#dirty.length > this.#rows.live / 8
      if (!this.#kept.canGoOn || this.#kept.isLong({isLast}) || isMuch || !(await this.#appendLog(state))) await this.#writeView(state)
    } catch (error) {
      this.#turnOff(error)
    }
  }

  /** Tells the state and rows that have changed, in turn with other work. False: the log cannot go on. */
  async #appendLog(state: FolderState): Promise<boolean> {
    const before = this.#kept.state
    if (!before) return false
    const pace = new Pace()
    const uids = [...new Set(this.#dirty)]
    this.#dirty = []
    let logState: LogState | undefined = logStateOf(state, before.snapshot)
    for (let at = 0; at === 0 || at < uids.length; at += ROWS_AT_ONCE) {
      this.#flush()
      if (this.#off) return true
      const some = uids.slice(at, at + ROWS_AT_ONCE)
      const {endBytes: recordsEnd} = this.#records
      const entry = {recordsEnd, state: logState, rows: some.map((uid) => this.#rowToKeep(uid))}
      if (!this.#kept.append(entry, state)) return false
      logState = undefined
      if (pace.due) await pace.pause()
      // Records were dropped meanwhile.
      if (!this.#kept.canGoOn) return false
    }
    return true
  }

  #rowToKeep(uid: number): MetadataRow {
    // Of rows that have not been read only removals are to be kept.
    const place = this.#savedRows ? -1 : this.#rows.find(uid)
    if (place >= 0) return this.#rows.row(place)
    return {uid, parts: DEAD, hash: 0, inode: 0n, mtimeNs: 0n, storedBytes: 0, wireBytes: 0, offset: 0, length: 0}
  }

  /** Copies the records that belong to a message into a new file, in turn with other work. */
  async #compact(): Promise<void> {
    const {directory} = this.#options
    const generation = nextGeneration(this.#recordsGeneration, this.#options.nowMs())
    const target = this.#recordsFile(generation, 0, 'records.new')
    const moved = await this.#copied(target)
    moveFile(`${directory}/records.new`, `${directory}/records`)
    this.#rows.moveRecords(moved, ROW_PARTS)
    this.#recordsGeneration = generation
    this.#records = this.#recordsFile(generation, target.endBytes)
    this.#kept.end()
  }

  async #copied(target: RecordsFile): Promise<ReadonlyMap<number, number>> {
    this.#compacting = true
    try {
      return await copyRecords(this.#rows.records(), {from: this.#records, to: target})
    } finally {
      this.#compacting = false
    }
  }

  async #writeView(state: FolderState): Promise<void> {
    // Messages that went while no process of ours looked.
    if (this.#rows.live > state.snapshot.size)
      await paced(
        this.#rows.retain((uid) => state.snapshot.indexOf(uid) >= 0),
        new Pace(),
      )
    const deadBytes = this.#records.endBytes - this.#rows.recordBytes
    if (deadBytes > (this.#options.deadBytes ?? DEAD_BYTES) && deadBytes > this.#records.endBytes / 2) await this.#compact()
    const rows = this.#rows.inOrder()
    this.#dirty = []
    const generation = this.#kept.nextGeneration(this.#options.nowMs())
    const recordsGeneration = this.#recordsGeneration
    const recordsEnd = () => {
      this.#flush()
      return this.#records.endBytes
    }
    await this.#kept.putView({generation, recordsGeneration, recordsEnd, state: viewState(state), rows})
    // Records may have been dropped meanwhile: then the next view comes at once.
    if (recordsGeneration !== this.#recordsGeneration || this.#uidValidity !== state.uidValidity) return
    this.#kept.beginLog(generation, state)
  }
}

function isAboutFile(rows: MetadataRows, place: number, {inode, mtimeNs, size}: FileFacts): boolean {
  return rows.isAbout(place, {inode, mtimeNs, storedBytes: size})
}
