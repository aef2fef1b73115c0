/**
 * One mailbox as this process knows it, shared by all sessions that have it open.
 *
 * The state here is a cache of the directory: other programs may change it at any instant, so it is compared with
 * the disk before it is believed (`refresh`), and what it says about files is a guess until the file is touched.
 * Who changes something holds the process's mutex of the folder and then Courier's lock file, for at most a
 * hundred files at a time. UIDs are synced to disk before anybody is told (`design.md` §3).
 */
import {errnoOf, Fault} from '../../support/fault.js'
import {Mutex} from '../../support/mutex.js'
import {type DotLock, lockFolder} from '../dot-lock.js'
import type {StoreEnvironment} from '../environment.js'
import {fileFault} from '../file-fault.js'
import {flagsOfName, nameInCur, sortForUids} from '../file-names.js'
import type {FileFacts} from '../files.js'
import type {FolderIndex, FolderState, SavedFolder} from '../index/metadata-index.js'
import {FolderKeywords} from '../keywords/folder-keywords.js'
import type {FolderName, Uid} from '../types.js'
import type {UidDatabase} from '../uid-database.js'
import type {UidValidities} from '../uid-validities.js'
import {FolderColumns} from './columns.js'
import {
  contentParts,
  type FolderIdentity,
  folderIdentity,
  isSettled,
  modseqOfStamps,
  sameFacts,
  sameIdentity,
  samePlace,
} from './identity.js'
import {Journal} from './journal.js'
import {KeywordTable} from './keyword-table.js'
import {NameTable} from './known-names.js'
import {keepModseqs, takeUpSnapshot} from './left-behind.js'
import {isNameOf, likelyInfos, splitName} from './reconcile.js'
import {type ScanResult, scanCur} from './scan.js'
import {type MessageRow, Snapshot, type StateChange} from './snapshot.js'
import {UidFile} from './uid-file.js'

/** Files that are renamed or unlinked under one hold of the lock. */
export const LOCK_BATCH = 100
/** After changes of our own the folder is read once more within this time. */
const VERIFY_MS = 1_000

/** Something happened to the folder; `by` is who did it. */
export interface FolderChange {
  readonly added?: readonly MessageRow[]
  readonly gone?: readonly Uid[]
  readonly changed?: ReadonlyMap<number, Omit<StateChange, 'modseq'>>
  readonly by?: object | undefined
}

export interface FolderOptions {
  readonly name: FolderName
  /** Path in octets. */
  readonly path: string
  /** Path of the account's Maildir. */
  readonly account: string
  readonly validities: UidValidities
  /** The folder turned out to be deleted, renamed or replaced: forget it. */
  readonly onLost: () => void
}

export class Folder {
  readonly name: FolderName
  readonly path: string
  readonly env: StoreEnvironment
  readonly journal = new Journal()
  readonly keywordTable = new KeywordTable()
  readonly names: NameTable
  readonly uidFile: UidFile
  readonly keywordFiles: FolderKeywords
  readonly columns: FolderColumns
  readonly #options: FolderOptions
  readonly #mutex = new Mutex()
  readonly #listeners = new Set<() => void>()
  #snapshot = Snapshot.empty
  #place: FileFacts | undefined
  #loaded = false
  #lost: Fault | undefined
  #uidValidity = 0
  #uidNext = 1
  /** Of all messages that were ever in the snapshot. */
  #highestUid = 0
  #highestModseq = 0
  /** It is above what an earlier process can have given, even if the clock was set back. */
  #isStamped = false
  /** What an earlier process knew of the folder. */
  #saved: SavedFolder | undefined
  /** UIDs that no read-write session has been told of yet, as half-open ranges. */
  #unclaimed: [from: number, to: number][] = []
  /** What the folder looked like when it was read last, if a later change would show. */
  #trusted: FolderIdentity | undefined
  /** `new/` when it was last found empty, and when that reading of it began. */
  #emptyNew: {readonly facts: FileFacts | undefined; readonly beganNs: bigint} = {facts: undefined, beganNs: 0n}
  #keywordsSeen: FileFacts | undefined
  /** `cur/` when we read or changed it last; what others do after that shows in its time stamps, or may not show yet. */
  #curSeen: FileFacts | undefined
  #mayHideChanges = false
  /** Messages were found in `cur/` that may have come from `new/`, and nobody has synced that they left it. */
  #leftNew = false
  /** The UID database on disk lists messages that are gone. */
  #staleLines = false
  #queuedScan: Promise<void> | undefined
  #verifyTimer: NodeJS.Timeout | undefined
  #index: FolderIndex | undefined
  #unwatch: (() => void) | undefined
  #watchers = 0

  constructor(env: StoreEnvironment, options: FolderOptions) {
    this.env = env
    this.name = options.name
    this.path = options.path
    this.#options = options
    this.names = new NameTable(() => this.#snapshot)
    this.uidFile = new UidFile(env, options.path)
    this.keywordFiles = new FolderKeywords(options.path, env)
    this.columns = new FolderColumns(this, env.columns)
  }

  get snapshot(): Snapshot {
    return this.#snapshot
  }

  get uidValidity(): number {
    return this.#uidValidity
  }

  get uidNext(): number {
    return this.#uidNext
  }

  get highestModseq(): number {
    return this.#highestModseq
  }

  get index(): FolderIndex {
    const {device, inode} = this.#place ?? {device: 0n, inode: 0n}
    this.#index ??= this.env.index.folder({account: this.#options.account, device, inode}, () => this.#state())
    return this.#index
  }

  /** Messages that would be \Recent for the next read-write session. */
  get unclaimedCount(): number {
    let count = 0
    for (const [from, to] of this.#unclaimed) count += this.#snapshot.firstFrom(to) - this.#snapshot.firstFrom(from)
    return count
  }

  /** Ranges of UIDs that are \Recent for the asking session; with `claim` for no later one. */
  recentRanges(claim: boolean): readonly (readonly [from: number, to: number])[] {
    const ranges = this.#unclaimed.map(([from, to]) => [from, to] as const)
    if (claim) this.#unclaimed = []
    return ranges
  }

  /** Calls `listener` after each change. Returns the end of it. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
      if (this.#listeners.size > 0) return
      clearTimeout(this.#verifyTimer)
      this.#verifyTimer = undefined
    }
  }

  /** Watches the directory while somebody wants to know at once. Returns the end of it. */
  watch(): () => void {
    this.#watchers += 1
    this.#unwatch ??= this.env.watcher.add({path: this.path, look: () => this.#look()})
    return () => {
      this.#watchers -= 1
      if (this.#watchers > 0) return
      this.#unwatch?.()
      this.#unwatch = undefined
    }
  }

  /** Nobody has the folder open any more. */
  close(): void {
    clearTimeout(this.#verifyTimer)
    this.columns.close()
    this.#index?.close()
    this.#index = undefined
  }

  /** Makes the state agree with the disk. @throws {Fault} `no-such-mailbox` when the folder is gone or another one now */
  async refresh(): Promise<void> {
    if (this.#lost) throw this.#lost
    if (this.#isUnchanged()) return
    this.#queuedScan ??= this.exclusive(async () => {
      this.#queuedScan = undefined
      if (!this.#loaded) await this.#takeUp()
      if (!this.#isUnchanged()) await this.#scan()
    })
    await this.#queuedScan
  }

  /** Runs `task` while nobody else in this process changes the folder. */
  exclusive<T>(task: () => Promise<T>): Promise<T> {
    return this.#mutex.run(task)
  }

  /** Runs `task` under Courier's lock file. Call it from `exclusive`. @throws {Fault} `busy` */
  async locked<T>(task: () => Promise<T>): Promise<T> {
    if (!this.env.useLocks) return task()
    const lock = await this.#acquire()
    try {
      return await task()
    } finally {
      await lock?.release()
    }
  }

  /** Changes `cur/`: what others did before is noticed, what `task` does is not taken for theirs. */
  async changing<T>(task: () => Promise<T>): Promise<T> {
    this.#noticeOthers()
    try {
      return await task()
    } finally {
      this.#curSeen = this.env.files.stat(`${this.path}/cur`)
    }
  }

  /**
   * After changes by others, files may have been replaced under their names: what the index says of them is compared
   * before it is used. A replacement in the very moment of a change of ours is noticed when the file is opened.
   */
  #noticeOthers(): void {
    const cur = this.env.files.stat(`${this.path}/cur`)
    if (!this.#mayHideChanges && this.#curSeen && sameFacts(cur, this.#curSeen)) return
    this.index.doubt()
    this.#mayHideChanges = !this.env.files.isLocal(this.path) || !isSettled([cur], this.#nowNs())
    this.#curSeen = cur
  }

  /** Under the lock: the state agrees with the UID database on disk, so that UIDs can be given. */
  async ensureCurrent(): Promise<void> {
    this.#checkPlace()
    if (!this.#loaded || !this.uidFile.isCurrent()) await this.#scanLocked()
  }

  /** UIDs for new messages; nobody has them before `giveUids`. */
  nextUids(count: number): Uid[] {
    return Array.from({length: count}, (_, place) => (this.#uidNext + place) as Uid)
  }

  /** These UIDs are in the database on disk now. */
  giveUids(uids: readonly Uid[]): void {
    this.#uidNext = Math.max(this.#uidNext, (uids.at(-1) ?? 0) + 1)
  }

  /** Makes a change of ours or a found one the state, and tells everybody. */
  apply({added = [], gone = [], changed = new Map(), by}: FolderChange): void {
    if (added.length === 0 && gone.length === 0 && changed.size === 0) return
    const isNews = gone.length > 0 || changed.size > 0 || added.some(({modseq}) => modseq === 0)
    const modseq = isNews ? this.nextModseq() : this.#highestModseq
    const goneBases: string[] = []
    for (const uid of gone) {
      const index = this.#snapshot.indexOf(uid)
      if (index < 0) continue
      const {base, info} = this.#snapshot.row(index)
      this.names.remove(base, info)
      this.#index?.delete(uid)
      goneBases.push(base)
    }
    // A message that only changes its UID is gone and added: its keywords stay.
    const staying = new Set(added.map(({base}) => base))
    this.keywordFiles.gone(goneBases.filter((base) => !staying.has(base)))
    if (gone.length > 0) this.#snapshot = this.#snapshot.without(gone)
    const changes = new Map<number, StateChange>()
    for (const [uid, change] of changed) {
      const index = this.#snapshot.indexOf(uid)
      if (index < 0) continue
      if (change.info !== undefined) {
        const {base, info} = this.#snapshot.row(index)
        this.names.remove(base, info)
        this.names.add(base, change.info, uid as Uid)
        changes.set(uid, {...change, info: this.names.shared(change.info), modseq})
      } else changes.set(uid, {...change, modseq})
    }
    this.#snapshot = this.#snapshot.change(changes)
    for (const {uid, base, info} of added) this.names.add(base, info, uid)
    this.#snapshot = this.#snapshot.append(added.map((row) => ({...row, info: this.names.shared(row.info), modseq: row.modseq || modseq})))
    this.#highestUid = Math.max(this.#highestUid, added.at(-1)?.uid ?? 0)
    this.keywordFiles.came(staying)
    this.journal.add({kind: 'gone', uids: gone})
    this.journal.add({kind: 'added', uids: added.map(({uid}) => uid)})
    this.journal.add({kind: 'flags', uids: [...changes.keys()] as Uid[], by})
    this.#index?.changed()
    for (const listener of [...this.#listeners]) listener()
  }

  /** We changed the directory ourselves: it is read once more soon, for what others did in the same moment. */
  touched({gone = false, recent}: {readonly gone?: boolean; readonly recent?: readonly Uid[]} = {}): void {
    this.#trusted = undefined
    if (gone) this.#staleLines = true
    const first = recent?.[0]
    if (first !== undefined) this.#isRecent(first, (recent?.at(-1) ?? first) + 1)
    if (this.#listeners.size === 0) return
    this.#verifyTimer ??= setTimeout(() => {
      this.#verifyTimer = undefined
      void this.#look()
    }, VERIFY_MS).unref()
  }

  /** Makes removals durable: from `cur/`, and from `new/`, from where a message that came by there would be back. */
  async syncRemovals(): Promise<void> {
    const {files} = this.env
    const both = this.#leftNew && files.stat(`${this.path}/new`) !== undefined
    await Promise.all((both ? ['cur', 'new'] : ['cur']).map((part) => files.syncDirectory(`${this.path}/${part}`)))
    if (both) this.#leftNew = false
  }

  /** `max(last + 1, now, newest time stamp of the folder)` in microseconds: never goes back (`design.md` §3). */
  nextModseq(): number {
    const now = Math.floor(this.env.nowMs() * 1000)
    const stamps = this.#isStamped ? 0 : modseqOfStamps(folderIdentity(this.env.files, this.path))
    this.#isStamped = true
    // Without anything to go on from, only what does not depend on the clock is the same when the index is lost again.
    const isFirst = this.#highestModseq === 0 && stamps > 0
    this.#highestModseq = isFirst ? stamps : Math.max(this.#highestModseq + 1, now, stamps)
    return this.#highestModseq
  }

  /** The lines of the UID database as of a snapshot. */
  static *uidLines(snapshot: Snapshot): Generator<readonly [base: string, uid: number]> {
    for (let index = 0; index < snapshot.size; index += 1) yield [snapshot.baseAt(index), snapshot.uidAt(index)]
  }

  /** A message with this base name is known. */
  has(base: string): boolean {
    return this.#uidOf(base) !== undefined
  }

  /** File name of the message with this base name, as last seen. */
  nameOf(base: string): string | undefined {
    for (const info of this.names.infos()) if (isNameOf(base, info) && this.names.uidOf(base + info) !== undefined) return base + info
    return undefined
  }

  #uidOf(base: string): Uid | undefined {
    const name = this.nameOf(base)
    return name === undefined ? undefined : this.names.uidOf(name)
  }

  /** What is kept of the folder for the next process. */
  #state(): FolderState | undefined {
    if (!this.#loaded) return undefined
    return {
      uidValidity: this.#uidValidity,
      uidNext: this.#uidNext,
      highestModseq: this.#highestModseq,
      snapshot: this.#snapshot,
      keywords: (set) => this.keywordTable.keywords(set),
      identity: this.#staleLines ? undefined : this.#trusted,
    }
  }

  #keywordSetOf(base: string): number {
    return this.env.keywordsMode === 0 ? 0 : this.keywordTable.numberOf(this.keywordFiles.of(base))
  }

  /** Looks at the disk without anybody waiting for it; a lost folder is noticed by its sessions. */
  async #look(): Promise<void> {
    try {
      await this.refresh()
    } catch (error) {
      if (!(error instanceof Fault)) this.env.log.error('maildir.scan-failed', {path: this.path, error})
      else if (error.code !== 'no-such-mailbox') this.env.log.warning('maildir.scan-failed', {path: this.path, reason: error.message})
      for (const listener of [...this.#listeners]) listener()
    }
  }

  #isRecent(from: number, to: number): void {
    const last = this.#unclaimed.at(-1)
    if (last?.[1] === from) last[1] = to
    else this.#unclaimed.push([from, to])
  }

  #isUnchanged(): boolean {
    return this.#trusted !== undefined && sameIdentity(this.#trusted, folderIdentity(this.env.files, this.path))
  }

  #nowNs(): bigint {
    return BigInt(Math.floor(this.env.nowMs() * 1000)) * 1000n
  }

  async #acquire(): Promise<DotLock | undefined> {
    const {files, lockDeadlineMs} = this.env
    try {
      return await lockFolder(this.path, lockDeadlineMs, this.env)
    } catch (error) {
      if (isReadOnly(error)) return undefined // nothing can be written here, so nothing needs the lock
      // On a full disk nobody holds it and nobody can take it, and mail has to be readable and removable: that makes room.
      if (isFull(error)) return undefined
      if (files.stat(`${this.path}/tmp`)) throw error
      if (!files.stat(`${this.path}/cur`)) this.#lose('deleted or renamed')
      await files.mkdir(`${this.path}/tmp`, 0o700).catch((failure: unknown) => {
        throw fileFault(failure, `Cannot make "${this.path}/tmp"`)
      })
      return lockFolder(this.path, lockDeadlineMs, this.env)
    }
  }

  #lose(how: string): never {
    this.#lost = new Fault('no-such-mailbox', `Mailbox "${this.name}" was ${how}`)
    this.#options.onLost()
    throw this.#lost
  }

  #checkPlace(): void {
    if (this.#lost) throw this.#lost
    const place = this.env.files.stat(this.path)
    if (!place || !this.env.files.stat(`${this.path}/cur`)) this.#lose('deleted or renamed')
    if (this.#place && !samePlace(place, this.#place)) this.#lose('replaced by another')
    this.#place ??= place
  }

  /** Goes on from what an earlier process left in the index: nothing is read when the folder has not changed since. */
  async #takeUp(): Promise<void> {
    this.#checkPlace()
    const {files, keywordsMode} = this.env
    const saved = this.index.restore()
    this.#saved = saved
    if (!saved?.identity) return
    const identity = folderIdentity(files, this.path)
    if (!sameIdentity(saved.identity, identity) || !files.isLocal(this.path) || !isSettled(contentParts(identity), this.#nowNs())) return
    this.#snapshot = takeUpSnapshot(saved, this.keywordTable)
    this.names.takeUp()
    if (keywordsMode !== 0 && identity.keywords && !(await this.#takeUpKeywords())) {
      this.#snapshot = Snapshot.empty
      this.names.takeUp()
      return
    }
    this.uidFile.takeUp(identity.uids)
    this.#emptyNew = {facts: identity.fresh, beganNs: this.#nowNs()}
    this.#curSeen = identity.cur
    this.#keywordsSeen = identity.keywords
    this.#uidValidity = saved.uidValidity
    this.#uidNext = saved.uidNext
    this.#highestUid = saved.uidNext - 1
    this.#highestModseq = saved.highestModseq
    this.#leftNew = true
    this.#loaded = true
    this.#saved = undefined
    this.#trusted = identity
  }

  /** False: the keywords are not those that the index knows. */
  async #takeUpKeywords(): Promise<boolean> {
    const {changed} = await this.keywordFiles.load({exists: (base) => this.has(base), consolidate: false})
    const tagged = new Set<number>()
    for (const base of changed) {
      const uid = this.#uidOf(base)
      if (uid === undefined) continue
      const index = this.#snapshot.indexOf(uid)
      if (this.#snapshot.keywordSetAt(index) !== this.#keywordSetOf(base)) return false
      tagged.add(index)
    }
    for (let index = 0; index < this.#snapshot.size; index += 1)
      if (this.#snapshot.keywordSetAt(index) !== 0 && !tagged.has(index)) return false
    return true
  }

  async #scan(): Promise<void> {
    this.#checkPlace()
    while ((await this.locked(() => this.#moveNew())) >= LOCK_BATCH) await new Promise((resolve) => setImmediate(resolve))
    await this.locked(() => this.#scanLocked())
  }

  /** Moves up to a lock's worth of files from `new/` to `cur/`; answers how many. */
  async #moveNew(): Promise<number> {
    const beganNs = this.#nowNs()
    const before = this.env.files.stat(`${this.path}/new`)
    if (this.#isKnownEmpty(before)) return 0
    const waiting = (await this.#listNew()).filter((name) => !name.startsWith('.'))
    this.#emptyNew = {facts: waiting.length === 0 ? before : undefined, beganNs}
    return waiting.length === 0 ? 0 : this.changing(() => this.#takeAll(waiting.slice(0, LOCK_BATCH)))
  }

  /** Answers how many were moved; 0 when that does not work. */
  async #takeAll(names: readonly string[]): Promise<number> {
    let moved = 0
    for (const name of names) {
      try {
        await this.#takeNew(name)
        moved += 1
      } catch (error) {
        if (errnoOf(error) === 'ENOENT') continue // somebody else moved it
        this.env.log.warning('maildir.rename-failed', {path: `${this.path}/new/${name}`, reason: String(error)})
        return 0
      }
    }
    return moved
  }

  /** `new/` was found empty, and a later delivery would show in its time stamps. */
  #isKnownEmpty(now: FileFacts | undefined): boolean {
    const {facts, beganNs} = this.#emptyNew
    return facts !== undefined && sameFacts(now, facts) && this.env.files.isLocal(this.path) && isSettled([facts], beganNs)
  }

  async #listNew(): Promise<string[]> {
    try {
      return await this.env.files.list(`${this.path}/new`)
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return []
      throw error
    }
  }

  /**
   * Moves one file from `new/` to `cur/`. A delivery must never replace a message: one that has the same base name by
   * accident gets another. What a program is just taking by link and unlink is in `cur/` already; it must not become two.
   */
  async #takeNew(name: string): Promise<void> {
    const {files} = this.env
    const waiting = `${this.path}/new/${name}`
    const {base, info} = splitName(nameInCur(name))
    const path = (number: number, ending = info) => `${this.path}/cur/${base}${number ? `_${number}` : ''}${ending}`
    const facts = files.stat(waiting)
    const isTaken = (ending: string) => samePlace(files.stat(path(0, ending)), facts)
    if ((facts?.links ?? 0) > 1 && likelyInfos(this.names.infos()).some(isTaken)) {
      await files.unlink(waiting)
      return
    }
    let number = 0
    while (files.stat(path(number))) number += 1
    await files.rename(waiting, path(number))
  }

  async #scanLocked(): Promise<void> {
    this.#checkPlace()
    const beganNs = this.#nowNs()
    const {files} = this.env
    const observed = folderIdentity(files, this.path)
    const reread = !this.uidFile.isCurrent(observed.uids)
    const database = reread ? await this.uidFile.read() : undefined
    if (this.#loaded && database && database.uidValidity !== this.#uidValidity) this.#lose('replaced by another')
    this.#noticeOthers()
    const result = await this.#compare(database)
    const keywordsChanged = await this.#readKeywords(observed.keywords, result)
    const merged = await this.#merge(result, database, reread, keywordsChanged)
    const after = folderIdentity(files, this.path)
    const trusted = {...observed, uids: this.uidFile.isCurrent(after.uids) ? after.uids : observed.uids}
    const holds = merged && this.#isKnownEmpty(after.fresh) && sameIdentity(trusted, after) && isSettled(contentParts(after), beganNs)
    this.#trusted = holds ? after : undefined
    if (holds) this.uidFile.rest()
  }

  async #compare(database: UidDatabase | undefined): Promise<ScanResult> {
    const expected = new Set(database?.uids.keys())
    if (expected.size > 0) for (const {base} of this.#snapshot.rows()) expected.delete(base)
    try {
      return await scanCur({
        files: this.env.files,
        path: this.path,
        known: this.names,
        baseOf: (uid) => this.#snapshot.baseAt(this.#snapshot.indexOf(uid)),
        expected,
        nowNs: () => this.#nowNs(),
      })
    } catch (error) {
      if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') this.#lose('deleted or renamed')
      throw fileFault(error, `Cannot read "${this.path}/cur"`)
    }
  }

  /** Reads the keyword directory when it changed; answers with the messages whose keywords did. */
  async #readKeywords(seen: FileFacts | undefined, {added}: ScanResult): Promise<readonly string[]> {
    const {files, keywordsMode, log} = this.env
    if (keywordsMode === 0 || (this.#loaded && this.#keywordsSeen && sameFacts(seen, this.#keywordsSeen))) return []
    const beganNs = this.#nowNs()
    const {changed, problem} = await this.keywordFiles.load({exists: (base) => added.has(base) || this.has(base), consolidate: true})
    if (problem) log.warning('maildir.keywords-not-saved', {path: this.path, reason: problem.message})
    const after = files.stat(`${this.path}/courierimapkeywords`)
    this.#keywordsSeen = sameFacts(seen, after) && isSettled([after], beganNs) ? after : undefined
    return changed
  }

  /**
   * Gives UIDs to what was found, puts them on disk, and makes it all the state. False: the disk is full, and what has no UID
   * yet is left for later: no UID is told that is not on disk.
   */
  async #merge(
    result: ScanResult,
    database: UidDatabase | undefined,
    reread: boolean,
    keywordsChanged: readonly string[],
  ): Promise<boolean> {
    const first = !this.#loaded
    const uidValidity = first
      ? (database?.uidValidity ?? this.#options.validities.give(this.name, Math.floor(this.env.nowMs() / 1000)))
      : this.#uidValidity
    const uidNext = Math.max(this.#uidNext, database?.uidNext ?? 1)
    const {gone, arrivals, restore} = this.#sortOut(result, database)
    const placed = arrivals.filter(({uid}) => uid !== undefined).sort((a, b) => (a.uid ?? 0) - (b.uid ?? 0))
    const found = sortForUids(
      arrivals.filter(({uid}) => uid === undefined),
      ({base}) => base,
    ).map((arrival, place) => ({...arrival, uid: uidNext + place}))
    const rowOf = ({uid, base, info}: (typeof arrivals)[number]) => this.#row((uid ?? 0) as Uid, base, info)
    const all = [...placed, ...found].map(rowOf)
    const lostLines = database !== undefined && database.uids.size > this.#snapshot.size + all.length - gone.length
    const mustWrite = found.length > 0 || gone.length > 0 || restore || this.#staleLines || lostLines || (reread && !database)
    // Lines of messages that are gone may come back after a power cut: nobody has their names again.
    const mustLast = found.length > 0 || restore || (reread && !database)
    const next = this.#snapshot.without(gone).append(all)
    const needed = found.length === 0 ? 'no' : first && !database ? 'yes' : 'for-new'
    const saved = !mustWrite || (await this.#write({uidValidity, uidNext: uidNext + found.length}, next, {needed, mustLast}))
    const fresh = saved ? found : []
    const rows = saved ? all : placed.map(rowOf)
    const newUidNext = uidNext + fresh.length
    const before = first && this.#saved?.uidValidity === uidValidity ? this.#saved : undefined
    const kept = before ? keepModseqs(rows, before, (set) => this.keywordTable.keywords(set)) : 0
    this.#uidValidity = uidValidity
    this.#uidNext = newUidNext
    this.index.belongsTo(uidValidity)
    this.#loaded = true
    if (arrivals.length > 0) this.#leftNew = true
    if (fresh.length > 0) this.#isRecent(uidNext, newUidNext)
    const goneSet = new Set(gone)
    const changed = new Map<number, Omit<StateChange, 'modseq'>>()
    for (const [uid, info] of result.renamed) if (!goneSet.has(uid)) changed.set(uid, {info, flags: flagsOfName(`x${info}`)})
    for (const base of keywordsChanged) {
      const uid = this.#uidOf(base)
      if (uid !== undefined && !goneSet.has(uid)) changed.set(uid, {...changed.get(uid), keywordSet: this.#keywordSetOf(base)})
    }
    this.#highestModseq = Math.max(this.#highestModseq, before?.highestModseq ?? 0)
    this.#saved = undefined
    this.apply({added: rows, gone, changed})
    const hasLost = before !== undefined && kept < before.snapshot.size && this.#highestModseq === before.highestModseq
    if (this.#highestModseq === 0 || hasLost) this.nextModseq()
    return saved
  }

  /** What becomes of each message: known ones that are gone, new ones with the UID that the database has for them. */
  #sortOut(result: ScanResult, database: UidDatabase | undefined) {
    const gone: Uid[] = [...result.gone]
    const arrivals: {uid: number | undefined; base: string; info: string}[] = []
    // A UID that is not above those already told cannot be shown any more: such a message counts as new.
    const usable = (uid: number | undefined) => (uid !== undefined && uid > this.#highestUid ? uid : undefined)
    for (const [base, info] of result.added) arrivals.push({uid: usable(database?.uids.get(base)), base, info})
    let restore = false
    if (database && this.#loaded) {
      const lost = new Set(gone)
      this.#snapshot.forEach((uid, base, info) => {
        const listed = database.uids.get(base)
        if (lost.has(uid) || listed === uid) return
        // Somebody's scan forgot the message while it was renamed: it keeps the UID that was told. Another UID was told too: that one counts.
        if (listed === undefined) restore = true
        else {
          gone.push(uid)
          arrivals.push({uid: usable(listed), base, info: result.renamed.get(uid) ?? info})
        }
      })
    }
    return {gone, arrivals, restore}
  }

  #row(uid: Uid, base: string, info: string): MessageRow {
    return {uid, base, info, flags: flagsOfName(`x${info}`), keywordSet: this.#keywordSetOf(base), modseq: 0}
  }

  /**
   * Puts the database on disk. Where nothing can be written UIDs live in memory only, as in the original. False: the disk is
   * full, and new messages need it.
   */
  async #write(
    header: {readonly uidValidity: number; readonly uidNext: number},
    snapshot: Snapshot,
    {needed, mustLast}: {readonly needed: 'yes' | 'for-new' | 'no'; readonly mustLast: boolean},
  ): Promise<boolean> {
    try {
      const prepared = await this.uidFile.prepare(header, Folder.uidLines(snapshot))
      await prepared.commit()
      if (mustLast) await this.env.files.syncDirectory(this.path)
      this.#staleLines = false
      return true
    } catch (error) {
      this.env.log.warning('maildir.uid-database-not-written', {path: this.path, reason: String(error)})
      const fault = fileFault(error, `Cannot write the UID database of "${this.name}"`)
      if (needed === 'for-new' && isFull(fault)) return false
      if (needed !== 'no' && !isReadOnly(fault)) throw fault
      return true
    }
  }
}

/** The disk, or the user's share of it, is full. */
function isFull(error: unknown): boolean {
  return error instanceof Fault && error.code === 'no-space'
}

/** The directory or its file system takes no writes, and will not soon. */
function isReadOnly(error: unknown): boolean {
  return error instanceof Fault && (error.code === 'no-access' || error.code === 'read-only')
}
