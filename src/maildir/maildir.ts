/** One account's Maildir: its folders, shared by all sessions of the account in this process. */
import {Fault} from '../support/fault.js'
import {discardCopies, prepareCopies} from './copy.js'
import {startDelivery} from './delivery.js'
import type {StoreEnvironment} from './environment.js'
import {sizeOfName} from './file-names.js'
import {Arrivals} from './folder/arrivals.js'
import {Folder} from './folder/folder.js'
import {lightStatus, type CountedStatus} from './folder/light-status.js'
import {FolderView, type ViewAccount} from './folder/view.js'
import {folderPath, isBelow} from './folder-names.js'
import {FolderTree} from './folder-tree.js'
import {AccountQuota, isExempt} from './quota.js'
import {NO_CHARGE, type QuotaCharge} from './quota-charge.js'
import {Subscriptions} from './subscriptions.js'
import {purgeTemporary} from './temporary.js'
import {
  FLAG,
  type CopyResult,
  type Delivery,
  type DeliveryOptions,
  type FolderListing,
  type FolderName,
  type FolderStatus,
  type Mailstore,
  type QuotaState,
  type Uid,
  type View,
} from './types.js'
import {UidValidities} from './uid-validities.js'

/** Folders without a session that are kept, for the next one. */
const KEPT_FOLDERS = 16

interface OpenFolder {
  readonly folder: Folder
  readonly arrivals: Arrivals
  uses: number
}

export interface MaildirOptions {
  readonly env: StoreEnvironment
  /** Path of the Maildir in octets. */
  readonly path: string
  /** Quota string that the account source has (`MAILDIRQUOTA`). */
  readonly quota: string | undefined
  readonly onRelease: () => void
}

export class Maildir implements Mailstore, ViewAccount {
  readonly #env: StoreEnvironment
  readonly #path: string
  readonly #onRelease: () => void
  readonly #folders = new Map<FolderName, OpenFolder>()
  readonly #counted = new Map<FolderName, CountedStatus>()
  readonly #validities = new UidValidities()
  readonly #tree: FolderTree
  readonly #subscriptions: Subscriptions
  readonly #quota: AccountQuota

  constructor({env, path, quota, onRelease}: MaildirOptions) {
    this.#env = env
    this.#path = path
    this.#onRelease = onRelease
    this.#tree = new FolderTree(env, path)
    this.#subscriptions = new Subscriptions(env, path)
    this.#quota = new AccountQuota(env, path, quota)
  }

  folders(options: {readonly marked?: 'inbox' | 'all'} = {}): Promise<readonly FolderListing[]> {
    return this.#tree.list(options)
  }

  async exists(name: FolderName): Promise<boolean> {
    return this.#env.files.stat(`${folderPath(this.#path, name)}/cur`)?.kind === 'directory'
  }

  async select(name: FolderName, {readOnly}: {readonly readOnly: boolean}): Promise<View> {
    return this.#withFolder(name, async (open) => {
      await purgeTemporary(this.#env, open.folder.path)
      open.uses += 1
      return new FolderView({folder: open.folder, account: this, readOnly, onClose: () => this.#unuse(open)})
    })
  }

  async status(name: FolderName): Promise<FolderStatus> {
    const open = this.#folders.get(name)
    if (open) return this.#withFolder(name, async ({folder}) => statusOf(folder))
    await this.#mustExist(name)
    const path = folderPath(this.#path, name)
    const giveUidValidity = () => this.#validities.give(name, Math.floor(this.#env.nowMs() / 1000))
    const counted = await lightStatus(this.#env, {path, giveUidValidity, before: this.#counted.get(name)})
    this.#counted.set(name, counted)
    return counted.status
  }

  async create(name: FolderName): Promise<void> {
    await this.#tree.create(name)
    // A UIDVALIDITY of its own from the start, as the original does.
    await this.#withFolder(name, async () => {})
  }

  async remove(name: FolderName): Promise<void> {
    await this.#retire(name)
    await this.#tree.remove(name)
    this.#forget(name)
    await this.#quota.recalculate()
  }

  async rename(from: FolderName, to: FolderName): Promise<void> {
    const below = (await this.#tree.list({})).map(({name}) => name).filter((name) => name === from || isBelow(name, from))
    for (const name of below) await this.#retire(name)
    await this.#tree.rename(from, to)
    for (const name of below) this.#forget(name)
    await this.#quota.recalculate()
  }

  async deliver(name: FolderName, message: DeliveryOptions): Promise<Delivery> {
    await this.#mustExist(name)
    const open = this.#use(name)
    return startDelivery({
      env: this.#env,
      folder: open.folder,
      arrivals: open.arrivals,
      message,
      charge: (bytes) => this.#charge(open.folder, message.flags & FLAG.deleted ? [] : [bytes]),
      onEnd: () => this.#unuse(open),
    })
  }

  async subscriptions(): Promise<readonly string[]> {
    return this.#subscriptions.list()
  }

  subscribe(name: string): Promise<void> {
    return this.#subscriptions.add(name)
  }

  unsubscribe(name: string): Promise<void> {
    return this.#subscriptions.remove(name)
  }

  quota(): Promise<QuotaState | undefined> {
    return this.#quota.state()
  }

  release(): void {
    this.#onRelease()
  }

  async copy(source: Folder, uids: readonly Uid[], target: FolderName): Promise<CopyResult> {
    await this.#mustExist(target)
    const open = this.#use(target)
    try {
      const prepared = await prepareCopies(source, uids, open.folder)
      if (prepared.length === 0) return {uidValidity: open.folder.uidValidity, from: [], to: []}
      let charge: QuotaCharge | undefined
      try {
        const counting = prepared.filter(({arrival}) => (arrival.flags & FLAG.deleted) === 0)
        charge = await this.#charge(
          open.folder,
          counting.map(({bytes}) => bytes),
        )
        const to = await open.arrivals.add(prepared.map(({arrival}) => arrival))
        return {uidValidity: open.folder.uidValidity, from: prepared.map(({uid}) => uid), to}
      } catch (error) {
        await discardCopies(this.#env, prepared)
        await charge?.takeBack()
        throw error
      }
    } finally {
      this.#unuse(open)
    }
  }

  async deletedChanges(folder: Folder, base: string, deleted: boolean): Promise<void> {
    if (isExempt(folder.path)) return
    const bytes = this.#bytesOf(folder, base)
    if (bytes === undefined) return
    if (deleted) await this.#quota.subtract(bytes, 1)
    else await this.#quota.add(bytes, 1)
  }

  async removed(folder: Folder, names: readonly string[]): Promise<void> {
    if (isExempt(folder.path)) return
    let bytes = 0
    let count = 0
    for (const name of names) {
      if (/:2,[A-Z]*T/.test(name)) continue
      bytes += sizeOfName(name) ?? 0
      count += 1
    }
    if (count > 0) await this.#quota.subtract(bytes, count)
  }

  async #charge(folder: Folder, sizes: readonly number[]): Promise<QuotaCharge> {
    if (sizes.length === 0 || isExempt(folder.path)) return NO_CHARGE
    const bytes = sizes.reduce((sum, size) => sum + size, 0)
    await this.#quota.add(bytes, sizes.length)
    return {takeBack: () => this.#quota.subtract(bytes, sizes.length)}
  }

  #bytesOf(folder: Folder, base: string): number | undefined {
    const named = sizeOfName(base)
    if (named !== undefined) return named
    const name = folder.nameOf(base)
    return name === undefined ? undefined : this.#env.files.stat(`${folder.path}/cur/${name}`)?.size
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

  #use(name: FolderName): OpenFolder {
    let open = this.#folders.get(name)
    if (!open) {
      const path = folderPath(this.#path, name)
      const folder: Folder = new Folder(this.#env, {name, path, validities: this.#validities, onLost: () => this.#forget(name, folder)})
      open = {folder, arrivals: new Arrivals(folder), uses: 0}
    }
    // Most recently used last.
    this.#folders.delete(name)
    this.#folders.set(name, open)
    this.#counted.delete(name)
    open.uses += 1
    return open
  }

  #unuse(open: OpenFolder): void {
    open.uses -= 1
    if (open.uses > 0) return
    let idle = 0
    for (const {uses} of this.#folders.values()) if (uses === 0) idle += 1
    for (const [name, {uses}] of this.#folders) {
      if (idle <= KEPT_FOLDERS) break
      if (uses > 0) continue
      this.#folders.delete(name)
      idle -= 1
    }
  }

  #forget(name: FolderName, folder?: Folder): void {
    if (folder && this.#folders.get(name)?.folder !== folder) return
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

