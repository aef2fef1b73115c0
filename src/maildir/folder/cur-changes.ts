import type {StoreEnvironment} from '../environment.js'
import type {FileFacts} from '../files.js'
import type {FolderIndex} from '../index/metadata-index.js'
import {isSettled, nowNs, sameFacts} from './identity.js'

/**
 * Tells changes of `cur/` by others from our own: what the index says of files is compared only after theirs, and the
 * directory is read only for theirs.
 */
export class CurChanges {
  readonly #env: StoreEnvironment
  readonly #path: string
  readonly #index: () => FolderIndex
  /** `cur/` when we read or changed it last; what others do after that shows in its time stamps, or may not show yet. */
  #seen: FileFacts | undefined
  #mayHideChanges = false
  /** What `#seen` showed was read, and has only been changed by us since. */
  #isKnown = false

  /** `path`: the folder, in octets. */
  constructor(env: StoreEnvironment, path: string, index: () => FolderIndex) {
    this.#env = env
    this.#path = path
    this.#index = index
  }

  /** What memory holds is known to be that directory's. */
  takeUp(cur: FileFacts | undefined): void {
    this.#seen = cur
    this.#isKnown = true
  }

  /** All names have been read; undefined: others changed some meanwhile. */
  isRead(cur: FileFacts | undefined): void {
    this.#isKnown = cur !== undefined && this.#seen !== undefined && sameFacts(cur, this.#seen)
  }

  /** As far as time stamps show, nobody but us has changed the directory, as it is now, since it was read. */
  isKnown(now: FileFacts | undefined): boolean {
    return this.#isKnown && this.#seen !== undefined && sameFacts(now, this.#seen)
  }

  /** Changes `cur/`: what others did before is noticed, what `task` does is not taken for theirs. */
  async during<T>(task: () => Promise<T>): Promise<T> {
    this.noticeOthers()
    try {
      return await task()
    } finally {
      this.#seen = this.#stat()
    }
  }

  /**
   * After changes by others, files may have been replaced under their names: what the index says of them is compared
   * before it is used. A replacement in the very moment of a change of ours is noticed when the file is opened.
   */
  noticeOthers(): void {
    const cur = this.#stat()
    const isAsSeen = this.#seen !== undefined && sameFacts(cur, this.#seen)
    if (!isAsSeen) this.#isKnown = false
    if (isAsSeen && !this.#mayHideChanges) return
    this.#index().doubt()
    this.#mayHideChanges = !this.#env.files.isLocal(this.#path) || !isSettled([cur], nowNs(this.#env))
    this.#seen = cur
  }

  #stat(): FileFacts | undefined {
    return this.#env.files.stat(`${this.#path}/cur`)
  }
}
