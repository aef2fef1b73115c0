/** A value that is made from files, and made again when they change. */
import {stat} from 'node:fs/promises'

export interface FromFilesOptions<T> {
  /** All files that the value depends on; those that do not exist count too. */
  readonly paths: readonly string[]
  /** @throws when the files are unusable */
  readonly load: () => Promise<T>
}

/** What `look` has found. */
export type Look = 'same' | 'changed' | 'unusable'

/** The last good value stays when the files become unusable. */
export class FromFiles<T> {
  readonly #options: FromFilesOptions<T>
  #identity: string | undefined
  #value: T | undefined
  #problem: unknown

  constructor(options: FromFilesOptions<T>) {
    this.#options = options
  }

  /** undefined: there was no good one yet. */
  get value(): T | undefined {
    return this.#value
  }

  /** Why the files as they are now are not used. */
  get problem(): unknown {
    return this.#problem
  }

  /** Loads the files if they are not those of the last look. Never throws. */
  async look(): Promise<Look> {
    const identity = await identityOf(this.#options.paths)
    if (identity === this.#identity) return this.#problem === undefined ? 'same' : 'unusable'
    // Before they are read: what changes meanwhile is seen at the next look.
    this.#identity = identity
    try {
      this.#value = await this.#options.load()
      this.#problem = undefined
      return 'changed'
    } catch (error) {
      this.#problem = error
      return 'unusable'
    }
  }
}

/** Text that changes when one of the files is replaced or written; links are followed. */
async function identityOf(paths: readonly string[]): Promise<string> {
  const parts = paths.map(async (path) => {
    const found = await stat(path, {bigint: true}).catch(() => undefined)
    return found ? `${found.dev}:${found.ino}:${found.size}:${found.mtimeNs}:${found.ctimeNs}` : 'none'
  })
  return (await Promise.all(parts)).join(' ')
}
