import type {FileFacts} from '../files.js'
import type {MessageMetadata, Uid} from '../types.js'
import type {
  FileLookup,
  FolderIndex,
  FolderKey,
  FolderState,
  IndexEntry,
  IndexedMessage,
  MetadataIndex,
  ReadOptions,
  SavedFolder,
} from './metadata-index.js'

/** How often the index knew what it was asked for, in messages. */
export interface IndexCounts {
  readonly hits: number
  readonly misses: number
}

/** An index that counts what it is asked for. */
export class CountedIndex implements MetadataIndex {
  readonly #index: MetadataIndex
  readonly #counts = {hits: 0, misses: 0}

  constructor(index: MetadataIndex) {
    this.#index = index
  }

  get counts(): IndexCounts {
    return this.#counts
  }

  folder(key: FolderKey, state: () => FolderState | undefined): FolderIndex {
    return new CountedFolder(this.#index.folder(key, state), this.#counts)
  }

  close(): Promise<void> {
    return this.#index.close()
  }
}

class CountedFolder implements FolderIndex {
  readonly #folder: FolderIndex
  readonly #counts: {hits: number; misses: number}

  constructor(folder: FolderIndex, counts: {hits: number; misses: number}) {
    this.#folder = folder
    this.#counts = counts
  }

  async read(messages: readonly IndexedMessage[], options: ReadOptions): Promise<readonly (MessageMetadata | undefined)[]> {
    const found = await this.#folder.read(messages, options)
    let hits = 0
    for (let place = 0; place < found.length; place += 1) if (found[place] !== undefined) hits += 1
    this.#counts.hits += hits
    this.#counts.misses += found.length - hits
    return found
  }

  restore(): SavedFolder | undefined {
    return this.#folder.restore()
  }

  belongsTo(uidValidity: number): void {
    this.#folder.belongsTo(uidValidity)
  }

  stamps(messages: readonly IndexedMessage[], options: FileLookup): readonly number[] {
    return this.#folder.stamps(messages, options)
  }

  get version(): number {
    return this.#folder.version
  }

  compare(message: IndexedMessage, facts: FileFacts): void {
    this.#folder.compare(message, facts)
  }

  set(message: IndexedMessage, entry: IndexEntry): void {
    this.#folder.set(message, entry)
  }

  delete(uids: readonly Uid[]): void {
    this.#folder.delete(uids)
  }

  doubt(): void {
    this.#folder.doubt()
  }

  changed(): void {
    this.#folder.changed()
  }

  close(): void {
    this.#folder.close()
  }
}
