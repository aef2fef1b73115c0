/** One account's Maildir: its folders, shared by all sessions of the account in this process. */
import {Fault} from '../support/fault.js'
import {Mutex} from '../support/mutex.js'
import {copyMessages} from './copy.js'
import {startDelivery} from './delivery.js'
import type {StoreEnvironment} from './environment.js'
import {fileFault} from './file-fault.js'
import {sizeOfName} from './file-names.js'
import {Arrivals} from './folder/arrivals.js'
import {Folder} from './folder/folder.js'
import {type CountedStatus, lightStatus} from './folder/light-status.js'
import {removeMessages} from './folder/remover.js'
import {FolderView, type ViewAccount} from './folder/view.js'
import {folderPath, INBOX, isBelow} from './folder-names.js'
import {createFolder, deleteFolder, folderExists, listFolders, type RenamePlan, renameFolder} from './folder-tree.js'
import type {IdleFolders} from './idle-folders.js'
import {AccountQuota} from './quota/account-quota.js'
import {folderCounts, messageCounts} from './quota/measure-account.js'
import {awaitRename, completeRename} from './rename-journal.js'
import {subscribe, subscriptions, unsubscribe} from './subscriptions.js'
import {purgeTemporary} from './temporary.js'
import {
  type CopyResult,
  type Delivery,
  type DeliveryOptions,
  FLAG,
  type FolderListing,
  type FolderName,
  type FolderStatus,
  type Mailstore,
  type QuotaState,
  type Uid,
  type View,
} from './types.js'
import {UidValidities} from './uid-validities.js'

interface OpenFolder {
  readonly folder: Folder
  readonly arrivals: Arrivals
  uses: number
  /** When its `tmp/` was tidied up last, milliseconds since 1970. */
  purgedMs: number
}

/** `tmp/` of a folder is tidied up at most this often. */
const PURGE_EVERY_MS = 3_600_000
/** How long a RENAME waits for one of another process. */
const OTHER_RENAME_MS = 10_000

export interface MaildirOptions {
  readonly env: StoreEnvironment
  /** Path of the Maildir in octets. */
  readonly path: string
  readonly idle: IdleFolders
  readonly onRelease: () => void
}

export class Maildir implements Mailstore, ViewAccount {
  readonly #env: StoreEnvironment
  /** Path of the Maildir in octets. */
  readonly path: string
  /** Quota string that the account source has (`MAILDIRQUOTA`), as of the newest session. */
  quotaText = ''
  readonly #onRelease: () => void
  readonly #idle: IdleFolders
  readonly #folders = new Map<FolderName, OpenFolder>()
  readonly #counted = new Map<FolderName, CountedStatus>()
  readonly #validities = new UidValidities()
  readonly #quota: AccountQuota
  readonly #renaming = new Mutex()

  constructor({env, path, idle, onRelease}: MaildirOptions) {
    this.#idle = idle
    this.#env = env
    this.path = path
    this.#onRelease = onRelease
    this.#quota = new AccountQuota(path, env)
  }

  async folders({marked}: {readonly marked?: 'inbox' | 'all'} = {}): Promise<readonly FolderListing[]> {
    const {folders, unnameable} = await listFolders(this.path, this.#env.files)
    for (const name of unnameable) this.#env.log.warning('maildir.unnameable-folder', {path: `${this.path}/${name}`})
    const listings: FolderListing[] = []
    for (const name of folders) {
      const asked = marked === 'all' || (marked === 'inbox' && name === INBOX)
      listings.push({name, marked: asked ? await this.#isMarked(name) : undefined})
    }
    return listings
  }

  async exists(name: FolderName): Promise<boolean> {
    return folderExists(this.path, name, this.#env.files)
  }

  async select(name: FolderName, {readOnly}: {readonly readOnly: boolean}): Promise<View> {
    return this.#withFolder(name, async (open) => {
      await this.#purge(open)
      open.uses += 1
      return new FolderView({folder: open.folder, account: this, readOnly, onClose: () => this.#unuse(open)})
    })
  }

  async status(name: FolderName): Promise<FolderStatus> {
    const open = this.#folders.get(name)
    if (open) return this.#withFolder(name, async ({folder}) => statusOf(folder))
    await this.#mustExist(name)
    const path = folderPath(this.path, name)
    const giveUidValidity = () => this.#validities.give(name, Math.floor(this.#env.nowMs() / 1000))
    const counted = await lightStatus(this.#env, {path, giveUidValidity, before: this.#counted.get(name)})
    this.#counted.set(name, counted)
    return counted.status
  }

  async create(name: FolderName): Promise<void> {
    await createFolder(this.path, name, this.#env.files)
    this.#forget(name)
    // A UIDVALIDITY of its own from the start, as the original does.
    await this.#withFolder(name, async () => {})
  }

  async remove(name: FolderName): Promise<void> {
    await this.#retire(name)
    await deleteFolder(this.path, name, this.#env)
    this.#forget(name)
    await this.#quota.recalculate()
  }

  rename(from: FolderName, to: FolderName): Promise<void> {
    return this.#renaming.run(() => this.#rename(from, to))
  }

  async #rename(from: FolderName, to: FolderName): Promise<void> {
    // The journal of one that was cut off has to make room for that of this one.
    await this.finishRename()
    let plan = await this.#tryRename(from, to)
    for (let leftMs = OTHER_RENAME_MS; !plan; plan = await this.#tryRename(from, to)) {
      leftMs = await awaitRename(this.path, this.#env, leftMs)
      await this.#completeRename()
    }
    for (const {from: old, to: made} of plan.folders) {
      this.#forget(old)
      this.#forget(made)
      // Courier: renamed folders get a new UIDVALIDITY; RFC 3501 §6.3.5 leaves it open.
      await this.#env.files.unlink(`${folderPath(this.path, made)}/courierimapuiddb`)
      await this.#withFolder(made, async () => {})
    }
    await this.#quota.recalculate()
  }

  /** undefined: another RENAME is at work. */
  async #tryRename(from: FolderName, to: FolderName): Promise<RenamePlan | undefined> {
    const {folders} = await listFolders(this.path, this.#env.files)
    for (const name of folders) if (name === from || isBelow(name, from)) await this.#retire(name)
    return renameFolder(this.path, from, to, this.#env)
  }

  async deliver(name: FolderName, message: DeliveryOptions): Promise<Delivery> {
    await this.#mustExist(name)
    const open = this.#use(name)
    return startDelivery({
      env: this.#env,
      folder: open.folder,
      arrivals: open.arrivals,
      message,
      admit: (bytes) => this.#admit(open.folder, message.flags & FLAG.deleted ? [] : [bytes]),
      onEnd: () => this.#unuse(open),
    })
  }

  async subscriptions(): Promise<readonly string[]> {
    return subscriptions(this.path, this.#env)
  }

  subscribe(name: string): Promise<void> {
    return subscribe(this.path, name, this.#env)
  }

  unsubscribe(name: string): Promise<void> {
    return unsubscribe(this.path, name, this.#env)
  }

  quota(): Promise<QuotaState | undefined> {
    return this.#quota.state()
  }

  release(): void {
    this.#onRelease()
  }

  /** Nobody has a folder of it open, and nobody will. */
  close(): void {
    for (const name of [...this.#folders.keys()]) this.#forget(name)
  }

  /** Completes a RENAME that was cut off. What fails is tried again at the next opening. */
  async finishRename(): Promise<void> {
    try {
      await this.#completeRename()
    } catch (error) {
      this.#env.log.warning('maildir.rename-not-completed', {path: this.path, reason: String(error)})
    }
  }

  /** @throws {Fault} */
  async #completeRename(): Promise<void> {
    try {
      const moved = await completeRename(this.path, this.#env)
      if (!moved) return
      for (const path of moved) await this.#env.files.unlink(`${path}/courierimapuiddb`)
      await this.#quota.recalculate()
      this.#env.log.notice('maildir.rename-completed', {path: this.path, count: moved.length})
    } catch (error) {
      throw fileFault(error, `Cannot complete a RENAME in "${this.path}"`)
    }
  }

  async copy(
    source: Folder,
    uids: readonly Uid[],
    target: FolderName,
    {isMove = false}: {readonly isMove?: boolean} = {},
  ): Promise<CopyResult> {
    await this.#mustExist(target)
    const open = this.#use(target)
    try {
      const {folder, arrivals} = open
      // What moves within the account needs no more room; it is counted here and taken off at the source.
      const admit = async (sizes: readonly number[]) =>
        isMove && folderCounts(source.path, false) ? () => this.#record(folder, sizes) : this.#admit(folder, sizes)
      const copied = await copyMessages({source, uids, target: folder, arrivals, admit})
      return {uidValidity: folder.uidValidity, from: copied.map(({from}) => from), to: copied.map(({to}) => to)}
    } finally {
      this.#unuse(open)
    }
  }

  async takeBack(target: FolderName, uids: readonly Uid[]): Promise<void> {
    await this.#withFolder(target, async ({folder}) => {
      const {removed, failure} = await removeMessages(folder, uids, 0)
      await this.removed(folder, removed)
      if (failure) this.#env.log.warning('maildir.copies-left', {path: folder.path, reason: failure.message})
    })
  }

  async deletedChanges(folder: Folder, bases: readonly string[], deleted: boolean): Promise<void> {
    if (!folderCounts(folder.path, false)) return
    const sizes = bases.map((base) => this.#bytesOf(folder, base)).filter((size) => size !== undefined)
    const bytes = sizes.reduce((sum, size) => sum + size, 0)
    if (deleted) await this.#quota.record({bytes: -bytes, messages: -sizes.length})
    else await (await this.#quota.admit({bytes, messages: sizes.length}, this.quotaText))()
  }

  async removed(folder: Folder, names: readonly string[]): Promise<void> {
    if (!this.#quota.isKept || !folderCounts(folder.path, false)) return
    const counted = names.filter((name) => messageCounts(name, false))
    const bytes = counted.reduce((sum, name) => sum + (sizeOfName(name) ?? 0), 0)
    await this.#quota.record({bytes: -bytes, messages: -counted.length})
  }

  /** Asks whether messages fit; the answer records them. @throws {Fault} `over-quota` */
  async #admit(folder: Folder, sizes: readonly number[]): Promise<() => Promise<void>> {
    if (sizes.length === 0 || !folderCounts(folder.path, false)) return async () => {}
    const bytes = sizes.reduce((sum, size) => sum + size, 0)
    return this.#quota.admit({bytes, messages: sizes.length}, this.quotaText)
  }

  async #record(folder: Folder, sizes: readonly number[]): Promise<void> {
    if (!folderCounts(folder.path, false)) return
    await this.#quota.record({bytes: sizes.reduce((sum, size) => sum + size, 0), messages: sizes.length})
  }

  #bytesOf(folder: Folder, base: string): number | undefined {
    const named = sizeOfName(base)
    if (named !== undefined) return named
    const name = folder.nameOf(base)
    return name === undefined ? undefined : this.#env.files.stat(`${folder.path}/cur/${name}`)?.size
  }

  async #isMarked(name: FolderName): Promise<boolean | undefined> {
    try {
      return (await this.status(name)).unseen > 0
    } catch (error) {
      if (error instanceof Fault) return undefined
      throw error
    }
  }

  async #mustExist(name: FolderName): Promise<void> {
    if (!(await this.exists(name))) throw new Fault('no-such-mailbox', `Mailbox "${name}" does not exist`)
  }

  /** Runs `task` with a folder that agrees with the disk. A folder that was replaced behind our back is opened anew once. */
  async #withFolder<T>(name: FolderName, task: (open: OpenFolder) => Promise<T>): Promise<T> {
    await this.#mustExist(name)
    for (let attempt = 0; ; attempt += 1) {
      const open = this.#use(name)
      try {
        await open.folder.refresh()
        return await task(open)
      } catch (error) {
        const replaced = error instanceof Fault && error.code === 'no-such-mailbox' && attempt === 0 && (await this.exists(name))
        if (!replaced) throw error
      } finally {
        this.#unuse(open)
      }
    }
  }

  async #purge(open: OpenFolder): Promise<void> {
    const now = this.#env.nowMs()
    if (Math.abs(now - open.purgedMs) < PURGE_EVERY_MS) return
    open.purgedMs = now
    await purgeTemporary(this.#env, open.folder.path)
  }

  #use(name: FolderName): OpenFolder {
    let open = this.#folders.get(name)
    if (!open) {
      const path = folderPath(this.path, name)
      const folder: Folder = new Folder(this.#env, {
        name,
        path,
        account: this.path,
        validities: this.#validities,
        onLost: () => this.#forget(name, folder),
      })
      open = {folder, arrivals: new Arrivals(folder), uses: 0, purgedMs: Number.NEGATIVE_INFINITY}
    }
    this.#folders.set(name, open)
    this.#counted.delete(name)
    this.#idle.use(open.folder)
    open.uses += 1
    return open
  }

  #unuse(open: OpenFolder): void {
    open.uses -= 1
    if (open.uses > 0) return
    const {folder} = open
    if (this.#folders.get(folder.name) !== open) {
      folder.close()
      return
    }
    this.#idle.keep(folder, folder.snapshot.size, () => this.#forget(folder.name, folder))
  }

  #forget(name: FolderName, folder?: Folder): void {
    const open = this.#folders.get(name)
    if (folder && open?.folder !== folder) return
    if (open?.uses === 0) {
      this.#idle.use(open.folder)
      open.folder.close()
    }
    this.#folders.delete(name)
    this.#counted.delete(name)
  }

  /** The folder of this name goes away: a new one must never have its UIDVALIDITY. */
  async #retire(name: FolderName): Promise<void> {
    if (!(await this.exists(name))) return
    const {uidValidity} = await this.status(name)
    this.#validities.retire(name, uidValidity)
  }
}

function statusOf(folder: Folder): FolderStatus {
  return {
    messages: folder.snapshot.size,
    recent: folder.unclaimedCount,
    unseen: folder.snapshot.countWithout(FLAG.seen),
    uidNext: folder.uidNext,
    uidValidity: folder.uidValidity,
    highestModseq: folder.highestModseq,
  }
}
