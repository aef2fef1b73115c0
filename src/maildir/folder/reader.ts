/**
 * Makes what this process knows of a folder agree with the disk. Other programs may change the directory at any
 * instant: what is known is a cache, and is believed only while the time stamps prove that nothing has changed.
 */
import {errnoOf} from '../../support/fault.js'
import type {StoreEnvironment} from '../environment.js'
import {fileFault} from '../file-fault.js'
import type {FileFacts} from '../files.js'
import type {FolderIndex, SavedFolder} from '../index/metadata-index.js'
import type {FolderName} from '../types.js'
import type {UidDatabase} from '../uid-database.js'
import type {UidValidities} from '../uid-validities.js'
import type {FolderAccess} from './access.js'
import type {FolderContents, KeywordReading} from './contents.js'
import type {CurChanges} from './cur-changes.js'
import {contentParts, type FolderIdentity, folderIdentity, isSettled, nowNs, reachFolder, sameFacts, sameIdentity} from './identity.js'
import {takeUpSnapshot} from './left-behind.js'
import {type ListedFolder, listedFolder} from './listed-folder.js'
import {type Findings, type Merged, merge} from './merge.js'
import {type MovedMessage, NewMail} from './new-mail.js'
import {type ScanResult, scanCur} from './scan.js'
import type {UidFile} from './uid-file.js'

export interface FolderReaderOptions {
  readonly env: StoreEnvironment
  readonly name: FolderName
  /** Path in octets. */
  readonly path: string
  readonly validities: UidValidities
  readonly access: FolderAccess
  readonly contents: FolderContents
  readonly uidFile: UidFile
  readonly cur: CurChanges
  readonly index: () => FolderIndex
  /** What is known is not proved by time stamps: the folder has to be read once more soon. */
  readonly onUnverified: () => void
}

/**
 * Where each change has a time stamp of its own, what others do shows, unless it was done within the few microseconds of a change of
 * ours. That is looked for when ours have paused; while they go on, when so much time has passed since the last reading and
 * somebody asks (`design.md` §3: within a second).
 */
const READ_AGAIN_MS = 500

const NOBODY: ReadonlyMap<string, number> = new Map()

export interface RefreshOptions {
  /** Only what others did before or after changes of ours; what they did in the very moment of one may be noticed later. */
  readonly ofOthers?: boolean
  /** The same where all was read a moment ago and time stamps tell nearly every moment from the next. */
  readonly lately?: boolean
}

export class FolderReader {
  readonly #options: FolderReaderOptions
  readonly #newMail: NewMail
  /** What an earlier process knew of the folder, until it has been read. */
  #saved: SavedFolder | undefined
  /** What the folder looked like when it was read last, if a later change would show. */
  #trusted: FolderIdentity | undefined
  #keywordsSeen: FileFacts | undefined
  /** When the last whole reading began. */
  #readMs = Number.NEGATIVE_INFINITY
  #queued: Promise<void> | undefined
  #queuedIsWhole = false
  /** Messages were found in `cur/` that may have come from `new/`, and nobody has synced that they left it. */
  leftNew = false
  /** The UID database on disk lists messages that are gone. */
  staleLines = false

  constructor(options: FolderReaderOptions) {
    this.#options = options
    const {env, path, cur, contents} = options
    this.#newMail = new NewMail({env, path, cur, names: contents.names})
  }

  /** What the folder looked like when it was read last, if a later change would show. */
  get trusted(): FolderIdentity | undefined {
    return this.#trusted
  }

  /** The directory is not as it was read. */
  distrust(): void {
    this.#trusted = undefined
  }

  /** Makes what is known agree with the disk; all who ask at the same time share one reading. @throws {Fault} `no-such-mailbox`, `busy` */
  async refresh({ofOthers = false, lately = false}: RefreshOptions = {}): Promise<void> {
    const {access, contents} = this.#options
    access.checkNotLost()
    const waiting = reachFolder(this.#options.env.files, this.#options.path)
    if (waiting !== undefined) await waiting
    if (this.#isUnchanged()) return
    if ((ofOthers || (lately && this.#mayWait)) && this.#isOurs()) return
    this.#queuedIsWhole ||= !ofOthers
    this.#queued ??= access.exclusive(async () => {
      const isWhole = this.#queuedIsWhole
      this.#queued = undefined
      this.#queuedIsWhole = false
      if (!contents.loaded) await this.#takeUp()
      if (this.#isUnchanged()) return
      if (contents.loaded && this.#isKnownButNew({isWhole})) await this.#takeNew()
      else await this.#scan()
    })
    await this.#queued
  }

  /** What others did in the very moment of a change of ours may be noticed later. */
  get #mayWait(): boolean {
    const {env, path} = this.#options
    return performance.now() - this.#readMs < READ_AGAIN_MS && env.files.stampsEachChange(`${path}/cur`)
  }

  /** Nobody but us has changed it, as far as time stamps show. */
  #isOurs(): boolean {
    const now = folderIdentity(this.#options.env.files, this.#options.path)
    return this.#newMail.isKnownEmpty(now.fresh) && this.#isOursButNew(now)
  }

  /** Nothing but `new/` can have changed: `isWhole`, provably; else as far as time stamps show. */
  #isKnownButNew({isWhole}: {readonly isWhole: boolean}): boolean {
    const {env, path} = this.#options
    const now = folderIdentity(env.files, path)
    if (isWhole) return this.#trusted !== undefined && sameIdentity({...now, fresh: this.#trusted.fresh}, this.#trusted)
    return this.#isOursButNew(now)
  }

  /** Nobody but us has changed anything but `new/`, as far as time stamps show. */
  #isOursButNew(now: FolderIdentity): boolean {
    const {env, path, cur, uidFile} = this.#options
    const hasKnownKeywords = env.keywordsMode === 0 || sameFacts(now.keywords, this.#keywordsSeen)
    return hasKnownKeywords && cur.isKnown(now.cur) && uidFile.isCurrent(now.uids) && env.files.isLocal(path)
  }

  /** Takes new mail where nothing else has changed: `cur/` is not read for it. */
  async #takeNew(): Promise<void> {
    const {access} = this.#options
    const moved: MovedMessage[] = []
    const takeSome = async () => {
      access.checkPlace()
      const {messages, isFull} = await this.#newMail.move()
      moved.push(...messages)
      if (!isFull && moved.length > 0) await this.#mergeMoved(moved)
      return isFull
    }
    while (await access.locked(takeSome)) await new Promise((resolve) => setImmediate(resolve))
  }

  async #mergeMoved(moved: readonly MovedMessage[]): Promise<void> {
    const {env, path, cur, uidFile} = this.#options
    // Others may have changed something while the lock was given back.
    if (!cur.isKnown(env.files.stat(`${path}/cur`)) || !uidFile.isCurrent()) {
      await this.#scanLocked()
      return
    }
    const added = new Map(moved.map(({base, info}) => [base, info]))
    const result = {renamed: new Map(), added, gone: []}
    await this.#merge({result, database: undefined, reread: false, keywordsChanged: []})
    this.#trusted = undefined
    this.#options.onUnverified()
  }

  /** Under the lock: what is known agrees with the UID database on disk, so that UIDs can be given. */
  async ensureCurrent(): Promise<void> {
    const {access, contents, uidFile} = this.#options
    access.checkPlace()
    if (!contents.loaded || !uidFile.isCurrent()) await this.#scanLocked()
  }

  #isUnchanged(): boolean {
    const {env, path} = this.#options
    return this.#trusted !== undefined && sameIdentity(this.#trusted, folderIdentity(env.files, path))
  }

  /**
   * Goes on from what an earlier process left in the index: nothing is read when the folder has not changed since, and nothing but
   * `new/` when only mail has been delivered there.
   */
  async #takeUp(): Promise<void> {
    const {env, path, access, contents, cur, uidFile, index} = this.#options
    access.checkPlace()
    const saved = index().restore()
    this.#saved = saved
    if (!saved?.identity) return
    const identity = folderIdentity(env.files, path)
    const {fresh} = saved.identity
    const hasNewMail = !sameFacts(identity.fresh, fresh)
    const known = {...identity, fresh}
    const parts = contentParts(hasNewMail ? {...known, fresh: undefined} : known)
    if (!sameIdentity(saved.identity, known) || !env.files.isLocal(path) || !isSettled(parts, nowNs(env))) return
    const state = {...saved, snapshot: takeUpSnapshot(saved, contents.keywordTable)}
    if (!(await contents.takeUp(state, {hasKeywords: identity.keywords !== undefined}))) return
    uidFile.takeUp(identity.uids)
    if (!hasNewMail) this.#newMail.takeUp(fresh)
    cur.takeUp(identity.cur)
    this.#keywordsSeen = identity.keywords
    this.leftNew = true
    this.#saved = undefined
    this.#trusted = known
  }

  async #scan(): Promise<void> {
    const {access} = this.#options
    access.checkPlace()
    while ((await access.locked(() => this.#newMail.move())).isFull) await new Promise((resolve) => setImmediate(resolve))
    await access.locked(() => this.#scanLocked())
  }

  async #scanLocked(): Promise<void> {
    const {env, path, access, uidFile, cur} = this.#options
    access.checkPlace()
    const [beganNs, beganMs] = [nowNs(env), performance.now()]
    const observed = folderIdentity(env.files, path)
    const reread = !uidFile.isCurrent(observed.uids)
    const lines = reread ? await uidFile.readOctets() : undefined
    const listed = lines && (await this.#readFirst(lines, observed.keywords))
    const {complete, written} = listed ? await this.#mergeUnknown(listed) : await this.#mergeAll(observed.keywords, {lines, reread})
    const after = folderIdentity(env.files, path)
    if (complete) this.#readMs = beganMs
    cur.isRead(complete && sameFacts(observed.cur, after.cur) ? after.cur : undefined)
    // A database that we have just put there is as we know it: whoever replaces it does so for what changes in `cur/`.
    const isOurs = written && uidFile.isCurrent(after.uids)
    const expected = isOurs ? {...observed, uids: after.uids} : observed
    const parts = contentParts(isOurs ? {...after, uids: undefined} : after)
    const holds = complete && this.#newMail.isKnownEmpty(after.fresh) && sameIdentity(expected, after) && isSettled(parts, beganNs)
    this.#trusted = holds ? after : undefined
    if (holds) uidFile.rest()
  }

  /** Takes a folder that nobody knows anything of as it is listed, where there is no doubt about it. */
  async #readFirst(lines: Buffer, keywords: FileFacts | undefined): Promise<ListedFolder | undefined> {
    const {env, path, contents, cur, index} = this.#options
    if (contents.loaded || this.#saved) return undefined
    cur.noticeOthers()
    const listed = await this.#reading(listedFolder(lines, env.files.names(`${path}/cur`)))
    if (!listed) return undefined
    const readKeywords: KeywordReading = (exists) => this.#readKeywords(keywords, exists)
    await contents.begin(listed, {hasKeywords: keywords !== undefined, readKeywords})
    index().belongsTo(listed.uidValidity)
    this.leftNew = true
    return listed
  }

  /** Gives UIDs to messages that the database does not know. */
  async #mergeUnknown({unknown}: ListedFolder): Promise<Pick<Merged, 'complete' | 'written'>> {
    if (unknown.size === 0) return {complete: true, written: false}
    const result = {renamed: new Map(), added: unknown, gone: []}
    const modseq = this.#options.contents.highestModseq
    return this.#merge({result, database: undefined, reread: false, keywordsChanged: [], modseq})
  }

  /** Compares all that is known with the directory. `lines`: the UID database when it was read, which is `reread`. */
  async #mergeAll(
    keywords: FileFacts | undefined,
    {lines, reread}: {readonly lines: Buffer | undefined; readonly reread: boolean},
  ): Promise<Merged> {
    const {access, contents, uidFile, cur} = this.#options
    const database = await uidFile.parse(lines)
    if (contents.loaded && database && database.uidValidity !== contents.uidValidity) access.lose('replaced by another')
    cur.noticeOthers()
    const result = await this.#compare(database)
    const isThere = (base: string) => result.added.has(base) || contents.has(base)
    const keywordsChanged = await this.#readKeywords(keywords, isThere)
    return this.#merge({result, database, reread, keywordsChanged})
  }

  async #compare(database: UidDatabase | undefined): Promise<ScanResult> {
    const {env, path, contents} = this.#options
    return this.#reading(
      scanCur({
        files: env.files,
        path,
        known: contents.names,
        snapshot: contents.snapshot,
        baseOf: (uid) => contents.snapshot.baseAt(contents.snapshot.indexOf(uid)),
        expected: database?.uids ?? NOBODY,
        nowNs: () => nowNs(env),
      }),
    )
  }

  /** Waits for a reading of `cur/`. @throws {Fault} `no-such-mailbox` when it is gone */
  async #reading<T>(reading: Promise<T>): Promise<T> {
    const {path, access} = this.#options
    try {
      return await reading
    } catch (error) {
      if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') access.lose('deleted or renamed')
      throw fileFault(error, `Cannot read "${path}/cur"`)
    }
  }

  /** Reads the keyword directory when it changed; answers with the messages whose keywords did. */
  async #readKeywords(seen: FileFacts | undefined, exists: (base: string) => boolean): Promise<readonly string[]> {
    const {env, path, contents} = this.#options
    const {files, keywordsMode, log} = env
    if (keywordsMode === 0 || (contents.loaded && this.#keywordsSeen && sameFacts(seen, this.#keywordsSeen))) return []
    const beganNs = nowNs(env)
    if (contents.loaded && seen) await contents.names.make()
    const {changed, problem} = await contents.keywordFiles.load({exists, consolidate: true})
    if (problem) log.warning('maildir.keywords-not-saved', {path, reason: problem.message})
    const after = files.stat(`${path}/courierimapkeywords`)
    this.#keywordsSeen = sameFacts(seen, after) && isSettled([after], beganNs) ? after : undefined
    return changed
  }

  /** Makes what was found the state. */
  async #merge(findings: Findings): Promise<Merged> {
    const {env, name, path, contents, uidFile, validities, index} = this.#options
    const merged = await merge(findings, {
      env,
      name,
      path,
      contents,
      uidFile,
      saved: this.#saved,
      staleLines: this.staleLines,
      giveUidValidity: () => validities.give(name, Math.floor(env.nowMs() / 1000)),
      onNumbered: (uidValidity) => index().belongsTo(uidValidity),
    })
    this.#saved = undefined
    if (merged.written) this.staleLines = false
    if (merged.arrived) this.leftNew = true
    return merged
  }
}
