/**
 * One mailbox as this process knows it, shared by all sessions that have it open.
 *
 * Who changes something holds the process's mutex of the folder and then Courier's lock file, for a batch of
 * files at a time (`lock-batches.ts`). What is known is a cache of the directory (`contents.ts`), compared with the disk
 * before it is believed (`reader.ts`). UIDs are synced to disk before anybody is told (`design.md` §3).
 */
import {Fault} from '../../support/fault.js'
import {LinkedList} from '../../support/linked-list.js'
import {SharedRun} from '../../support/shared-run.js'
import type {StoreEnvironment} from '../environment.js'
import type {FolderIndex, FolderState} from '../index/metadata-index.js'
import type {FolderKeywords} from '../keywords/folder-keywords.js'
import type {FolderName, Uid} from '../types.js'
import type {UidValidities} from '../uid-validities.js'
import {FolderAccess} from './access.js'
import {FolderColumns} from './columns.js'
import {type FolderChange, FolderContents} from './contents.js'
import {CurChanges} from './cur-changes.js'
import type {Journal} from './journal.js'
import type {KeywordTable} from './keyword-table.js'
import {FolderReader, type RefreshOptions} from './reader.js'
import type {Snapshot} from './snapshot.js'
import {UidFile} from './uid-file.js'
import type {UidRanges} from './uid-ranges.js'

/** When changes of our own have paused for this long, the folder is read once more; during an endless burst as often as this. */
const VERIFY_AFTER_MS = 500
const VERIFY_DURING_MS = 5_000

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
  readonly uidFile: UidFile
  readonly columns: FolderColumns
  readonly #account: string
  readonly #access: FolderAccess
  readonly #contents: FolderContents
  readonly #cur: CurChanges
  readonly #reader: FolderReader
  readonly #listeners = new LinkedList<() => void>()
  readonly #curSync = new SharedRun(() => this.env.files.syncDirectory(`${this.path}/cur`))
  #verifyTimer: NodeJS.Timeout | undefined
  /** Changes of our own that nobody has verified: when they began and when the last was. */
  #burst = {beganMs: 0, lastMs: 0}
  /** It has changed while nobody listened. */
  #isUnverified = false
  #index: FolderIndex | undefined
  #unwatch: (() => void) | undefined
  #watchers = 0

  constructor(env: StoreEnvironment, {name, path, account, validities, onLost}: FolderOptions) {
    this.env = env
    this.name = name
    this.path = path
    this.#account = account
    this.uidFile = new UidFile(env, path, () => this.#contents.stampMs)
    this.columns = new FolderColumns(this, env.columns)
    this.#access = new FolderAccess({env, name, path, onLost})
    this.#contents = new FolderContents(env, path, {
      index: () => this.#index,
      keepFileTime: (mtimeMs) => void this.uidFile.touch(mtimeMs),
      onChange: () => this.#tell(),
    })
    this.#cur = new CurChanges(env, path, () => this.index)
    this.#reader = new FolderReader({
      env,
      name,
      path,
      validities,
      access: this.#access,
      contents: this.#contents,
      uidFile: this.uidFile,
      cur: this.#cur,
      index: () => this.index,
      onUnverified: () => this.#verifyLater(),
    })
  }

  get snapshot(): Snapshot {
    return this.#contents.snapshot
  }

  get journal(): Journal {
    return this.#contents.journal
  }

  get keywordTable(): KeywordTable {
    return this.#contents.keywordTable
  }

  get keywordFiles(): FolderKeywords {
    return this.#contents.keywordFiles
  }

  get uidValidity(): number {
    return this.#contents.uidValidity
  }

  get uidNext(): number {
    return this.#contents.uidNext
  }

  get highestModseq(): number {
    return this.#contents.highestModseq
  }

  get index(): FolderIndex {
    const {device, inode} = this.#access.place ?? {device: 0n, inode: 0n}
    this.#index ??= this.env.index.folder({account: this.#account, device, inode}, () => this.#state())
    return this.#index
  }

  /** Messages that would be \Recent for the next read-write session. */
  get unclaimedCount(): number {
    return this.#contents.recents.countIn(this.snapshot)
  }

  /** Ranges of UIDs that are \Recent for the asking session; with `claim` for no later one. */
  recentRanges(claim: boolean): UidRanges {
    return this.#contents.recents.take(claim)
  }

  /** Calls `listener` after each change. Returns the end of it. */
  listen(listener: () => void): () => void {
    const place = this.#listeners.add(listener)
    if (this.#isUnverified && !this.#reader.trusted) this.#verifyLater()
    return () => {
      place.leave()
      if (this.#listeners.size > 0) return
      clearTimeout(this.#verifyTimer)
      this.#verifyTimer = undefined
    }
  }

  /** Watches the directory while somebody wants to know at once. Returns the end of it. */
  watch(): () => void {
    this.#watchers += 1
    this.#unwatch ??= this.env.watcher.add({path: this.path, look: () => this.#look({ofOthers: true})})
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
  refresh(options?: RefreshOptions): Promise<void> {
    return this.#reader.refresh(options)
  }

  /** @throws {Fault} `no-such-mailbox` when the folder was found to be gone */
  checkThere(): void {
    this.#access.checkNotLost()
  }

  /** Runs `task` while nobody else in this process changes the folder. */
  exclusive<T>(task: () => Promise<T>): Promise<T> {
    return this.#access.exclusive(task)
  }

  /** Runs `task` under Courier's lock file. Call it from `exclusive`. @throws {Fault} `busy` */
  locked<T>(task: () => Promise<T>): Promise<T> {
    return this.#access.locked(task)
  }

  /** Runs `task`, which takes the lock file again and again. */
  burst<T>(task: () => Promise<T>): Promise<T> {
    return this.#access.burst(task)
  }

  /** Changes `cur/`: what others did before is noticed, what `task` does is not taken for theirs. */
  changing<T>(task: () => Promise<T>): Promise<T> {
    return this.#cur.during(task)
  }

  /** Under the lock: the state agrees with the UID database on disk, so that UIDs can be given. */
  ensureCurrent(): Promise<void> {
    return this.#reader.ensureCurrent()
  }

  /** UIDs for new messages; nobody has them before `giveUids`. */
  nextUids(count: number): Uid[] {
    return this.#contents.nextUids(count)
  }

  /** These UIDs are in the database on disk now. */
  giveUids(uids: readonly Uid[]): void {
    this.#contents.giveUids(uids)
  }

  /** Makes a change of ours or a found one the state, and tells everybody. */
  apply(change: FolderChange): void {
    this.#contents.apply(change)
  }

  /** We changed the directory ourselves: it is read once more soon, for what others did in the same moment. */
  touched({gone = false, recent}: {readonly gone?: boolean; readonly recent?: readonly Uid[]} = {}): void {
    this.#reader.distrust()
    if (gone) this.#reader.staleLines = true
    const first = recent?.[0]
    if (first !== undefined) this.#contents.recents.add(first, (recent?.at(-1) ?? first) + 1)
    this.#verifyLater()
  }

  #verifyLater(): void {
    this.#isUnverified = this.#listeners.size === 0
    if (this.#isUnverified) return
    this.#burst.lastMs = performance.now()
    if (this.#verifyTimer) return
    this.#burst.beganMs = this.#burst.lastMs
    this.#verifyTimer = setTimeout(() => this.#verify(), VERIFY_AFTER_MS).unref()
  }

  #verify(): void {
    const {beganMs, lastMs} = this.#burst
    const now = performance.now()
    const waitMs = Math.min(lastMs + VERIFY_AFTER_MS, beganMs + VERIFY_DURING_MS) - now
    this.#verifyTimer = waitMs > 1 ? setTimeout(() => this.#verify(), waitMs).unref() : undefined
    if (!this.#verifyTimer) void this.#look()
  }

  /** Makes changes of names in `cur/` durable. Sessions that change flags at the same time share a sync. */
  syncCur(): Promise<void> {
    return this.#curSync.ask()
  }

  /** Makes removals durable: from `cur/`, and from `new/`, from where a message that came by there would be back. */
  async syncRemovals(): Promise<void> {
    const {files} = this.env
    const both = this.#reader.leftNew && files.stat(`${this.path}/new`) !== undefined
    await Promise.all([this.syncCur(), both ? files.syncDirectory(`${this.path}/new`) : undefined])
    if (both) this.#reader.leftNew = false
  }

  /** A message with this base name is known. */
  has(base: string): boolean {
    return this.#contents.has(base)
  }

  /** File name of the message with this base name, as last seen. */
  nameOf(base: string): string | undefined {
    return this.#contents.nameOf(base)
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener()
  }

  /** What is kept of the folder for the next process. */
  #state(): FolderState | undefined {
    const {loaded, uidValidity, uidNext, highestModseq, snapshot, keywordTable} = this.#contents
    if (!loaded) return undefined
    return {
      uidValidity,
      uidNext,
      highestModseq,
      snapshot,
      keywords: (set) => keywordTable.keywords(set),
      identity: this.#reader.staleLines ? undefined : this.#reader.trusted,
    }
  }

  /** Looks at the disk without anybody waiting for it; a lost folder is noticed by its sessions. */
  async #look(options?: RefreshOptions): Promise<void> {
    try {
      await this.refresh(options)
    } catch (error) {
      if (!(error instanceof Fault)) this.env.log.error('maildir.scan-failed', {path: this.path, error})
      else if (error.code !== 'no-such-mailbox') this.env.log.warning('maildir.scan-failed', {path: this.path, reason: error.message})
      this.#tell()
    }
  }
}
