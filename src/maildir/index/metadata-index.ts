/**
 * What is derived from message files and may be thrown away at any time (`design.md` §3).
 *
 * An entry belongs to a base name in a folder (device, inode, UIDVALIDITY), and is right only for a file with the
 * same size and time; who opens a file compares. The store works the same with an index that holds nothing.
 */
import type {FileFacts} from '../files.js'
import type {FolderIdentity} from '../folder/identity.js'
import type {Snapshot} from '../folder/snapshot.js'
import type {MessageMetadata, MetadataNeed, Uid} from '../types.js'
import type {Slab} from './slab.js'

/** The folder that entries belong to. */
export interface FolderKey {
  /** Path of the account's Maildir in octets: whose index it is. */
  readonly account: string
  readonly device: bigint
  readonly inode: bigint
}

/** What is known about one message file, and which file that was. */
export interface IndexEntry {
  readonly inode: bigint
  readonly mtimeNs: bigint
  /** What `metadata` holds. */
  readonly level: MetadataNeed
  readonly metadata: MessageMetadata
}

/** A message of the folder. */
export interface IndexedMessage {
  readonly uid: Uid
  /** Of the base name (`baseHashAt` of its snapshot). */
  readonly hash: number
}

/** The folder as it is now, to be kept for the next process. */
export interface FolderState {
  readonly uidValidity: number
  readonly uidNext: number
  readonly highestModseq: number
  readonly snapshot: Snapshot
  readonly keywords: (set: number) => readonly string[]
  /** What the directory looked like when it was read last, if a later change would show. */
  readonly identity: FolderIdentity | undefined
}

/** The folder as a process left it. */
export type SavedFolder = FolderState

export interface ReadOptions {
  readonly need: MetadataNeed
  /** The file of a message as it is now, for entries that must be compared before they are used. */
  readonly factsOf: (message: IndexedMessage) => FileFacts | undefined
  /** Where what is read may lie: the answer is valid until it is used for the next one. */
  readonly slab: Slab
}

/** How entries are compared with files. */
export type FileLookup = Pick<ReadOptions, 'factsOf'>

export interface FolderIndex {
  /** What was saved by this or an earlier process. */
  restore(): SavedFolder | undefined
  /** The folder's UIDVALIDITY is known now: entries of another are forgotten. */
  belongsTo(uidValidity: number): void
  /** Metadata that holds what is needed, in the order of `messages`; undefined where there is none. */
  read(messages: readonly IndexedMessage[], options: ReadOptions): Promise<readonly (MessageMetadata | undefined)[]>
  /**
   * Which entry each message has: a number that no other entry of the folder has, 0 where there is none. Entries that are
   * in doubt are compared first.
   */
  stamps(messages: readonly IndexedMessage[], options: FileLookup): readonly number[]
  /** Another number after each change of any entry; NaN, which is never the same, where nothing is kept. */
  readonly version: number
  /** The file was opened and is this one: an entry for another file is forgotten. */
  compare(message: IndexedMessage, facts: FileFacts): void
  set(message: IndexedMessage, entry: IndexEntry): void
  /** These messages are gone. */
  delete(uids: readonly Uid[]): void
  /** Somebody else changed the directory: each entry is compared with its file once before it is used again. */
  doubt(): void
  /** The folder's state is another now; it is kept soon. */
  changed(): void
  /** Nobody has the folder open any more. */
  close(): void
}

export interface MetadataIndex {
  /** The index of a folder; `state` tells what to keep, undefined while the folder has not been read. */
  folder(key: FolderKey, state: () => FolderState | undefined): FolderIndex
  /** Keeps what has not been kept yet. */
  close(): Promise<void>
}

/** An entry is about this very file. */
export function describes({inode, mtimeNs, metadata}: IndexEntry, facts: FileFacts): boolean {
  return inode === facts.inode && mtimeNs === facts.mtimeNs && metadata.storedBytes === facts.size
}

/** An index that holds nothing. */
export const NO_INDEX: MetadataIndex = {
  folder: () => ({
    restore: () => undefined,
    belongsTo: () => {},
    read: async (messages) => messages.map(() => undefined),
    stamps: (messages) => messages.map(() => 0),
    version: Number.NaN,
    compare: () => {},
    set: () => {},
    delete: () => {},
    doubt: () => {},
    changed: () => {},
    close: () => {},
  }),
  close: async () => {},
}
