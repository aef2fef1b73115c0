import {Pace} from '../../support/pace.js'
import {finish, paced, type Steps} from '../../support/steps.js'
import type {Uid} from '../types.js'
import type {KnownNames} from './reconcile.js'
import type {Snapshot} from './snapshot.js'

/** Different endings that are held once each; others may come in any number and are not worth it. */
const SHARED_INFOS = 1000

/**
 * UIDs of a folder's messages as of now by their base names. Made when somebody asks: most folders are opened and
 * read without anybody asking.
 */
export class NameTable implements KnownNames {
  #known: Map<string, Uid> | undefined = new Map()
  readonly #shared = new Map<string, string>()
  readonly #snapshot: () => Snapshot

  constructor(snapshot: () => Snapshot) {
    this.#snapshot = snapshot
  }

  /** Everything is in the snapshot; the table is made when somebody asks. */
  takeUp(): void {
    this.#known = undefined
  }

  /** Somebody has asked for names: the table has to be kept up. */
  get isMade(): boolean {
    return this.#known !== undefined
  }

  get size(): number {
    return this.#snapshot().size
  }

  uidOf(base: string): Uid | undefined {
    return this.#uids.get(base)
  }

  infoOf(uid: Uid): string {
    const snapshot = this.#snapshot()
    const index = snapshot.indexOf(uid)
    return index < 0 ? '' : snapshot.infoAt(index)
  }

  infos(): Iterable<string> {
    const infos = new Set<string>()
    this.#snapshot().forEach((_, __, info) => {
      infos.add(info)
    })
    return infos
  }

  forEach(visit: (uid: Uid, base: string, info: string) => void): void {
    this.#snapshot().forEach(visit)
  }

  entries(): Iterator<readonly [base: string, uid: Uid]> {
    return this.#uids.entries()
  }

  add(base: string, uid: Uid): void {
    this.#known?.set(base, uid)
  }

  remove(base: string): void {
    this.#known?.delete(base)
  }

  /** The same string object for equal endings, so that a folder holds few of them. */
  shared(info: string): string {
    const known = this.#shared.get(info)
    if (known !== undefined) return known
    if (this.#shared.size < SHARED_INFOS) this.#shared.set(info, info)
    return info
  }

  /**
   * Makes the table in turn with other work, for whoever is going to ask: of 100,000 messages it takes 30 ms. Call it while nobody
   * changes the folder.
   */
  async make(): Promise<void> {
    if (this.#known) return
    const snapshot = this.#snapshot()
    const known = await paced(tableOf(snapshot), new Pace())
    if (this.#snapshot() === snapshot) this.#known ??= known
  }

  get #uids(): Map<string, Uid> {
    this.#known ??= finish(tableOf(this.#snapshot()))
    return this.#known
  }
}

/** UIDs by base names. */
function* tableOf(snapshot: Snapshot): Steps<Map<string, Uid>> {
  const known = new Map<string, Uid>()
  for (const {uids, bases} of snapshot.columns()) {
    for (let offset = 0; offset < uids.length; offset += 1) known.set(bases.at(offset) ?? '', uids[offset] as Uid)
    yield
  }
  return known
}
