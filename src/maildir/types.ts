/**
 * What the store offers to the protocols: `Mailstore` (one account) → `View` (one session's mailbox).
 *
 * Every promise rejects with a `Fault` for what can be expected (no such mailbox, over quota, full disk, …).
 */

import type {LineFeedTable} from '../message/line-feed-table.js'
import type {Part} from '../message/structure.js'
import type {Brand} from '../support/brand.js'
import type {Fault} from '../support/fault.js'
import type {Pace} from '../support/pace.js'
import type {Steps} from '../support/steps.js'
import type {MetadataNeed} from './metadata-need.js'

export type {MetadataNeed}

/** Permanent number of a message within one `uidValidity` (RFC 3501 §2.3.1.1). */
export type Uid = Brand<number, 'Uid'>
/** Position in the mailbox as this client last saw it, from 1 (RFC 3501 §2.3.1.2). */
export type MessageNumber = Brand<number, 'MessageNumber'>
/** Decoded name of a personal mailbox: `INBOX` (exactly so) or `INBOX.a.b`; made by `folderName` of `folder-names.ts`. */
export type FolderName = Brand<string, 'FolderName'>

/** System flags as bits; the letters of the file name in their order (`spec/imap.md` §9.1). */
export const FLAG = {draft: 1, flagged: 2, answered: 4, seen: 8, deleted: 16} as const
/** A set of system flags: a sum of `FLAG` bits. */
export type FlagBits = number

export interface FlagChange {
  readonly mode: 'add' | 'remove' | 'replace'
  readonly flags: FlagBits
  readonly keywords: readonly string[]
}

export interface FolderStatus {
  readonly messages: number
  readonly recent: number
  readonly unseen: number
  readonly uidNext: number
  readonly uidValidity: number
  readonly highestModseq: number
}

export interface FolderListing {
  readonly name: FolderName
  /** A file in `new/` or `cur/` lacks the seen flag; undefined when it was not asked for. */
  readonly marked: boolean | undefined
}

/** What a session can be told about its mailbox since the last time, in the order to tell it. */
export type Update =
  /** The message with this number is gone; later numbers have moved down by one already. */
  | {readonly kind: 'expunge'; readonly number: MessageNumber; readonly uid: Uid}
  /** The mailbox has this many messages now. */
  | {readonly kind: 'exists'; readonly messages: number; readonly recent: number}
  /** Flags or keywords of a message were changed by somebody else. */
  | {readonly kind: 'flags'; readonly number: MessageNumber}

/** Metadata of one message file; what was not asked for may be missing. */
export interface MessageMetadata {
  /** File time, milliseconds since 1970: INTERNALDATE. */
  readonly internalDateMs: number
  /** Octets of the file as stored. */
  readonly storedBytes: number
  /** RFC822.SIZE: stored octets plus line feeds (`spec/imap.md` §13.3). With need `size`. */
  readonly wireBytes: number
  /** The top header with its empty line, as stored, one character for each octet. With need `header`. */
  readonly header: string
  /** The same as octets, to be read only. */
  readonly headerOctets: Buffer
  /** The MIME tree with the envelopes. With need `structure`, as what follows. */
  readonly structure: Part
  /** ENVELOPE and BODYSTRUCTURE as clients without UTF-8 get them (RFC 3501 §7.4.2). */
  readonly envelope: string
  readonly bodyStructure: string
  /** No header of the message or of its parts holds octets above 0x7F: for clients with UTF-8 they are the same. */
  readonly isAscii: boolean
}

export interface MetadataEntry {
  readonly number: MessageNumber
  /** undefined: the file is gone, or cannot be read. */
  readonly metadata: MessageMetadata | undefined
  /** Why it cannot be read. */
  readonly fault?: Fault | undefined
}

/** A value that follows from a message's metadata alone; one object for each kind of value. */
export interface Column<T> {
  readonly need: MetadataNeed
  of(metadata: MessageMetadata): T
  /** What a value takes in memory, roughly. */
  octets(value: T): number
}

/** What follows from the values of a column. */
export type Recipe<T, R> = (values: readonly (T | undefined)[]) => Steps<R>

/** The values of a column. */
export interface ColumnValues<T> {
  /** In the order of the messages; undefined: the file is gone. */
  readonly values: readonly (T | undefined)[]
  /** What a recipe makes of the values: worked out once, and kept as long as they are. */
  derive<R>(recipe: Recipe<T, R>, pace: Pace): Promise<R>
}

/**
 * A message file opened for reading. Valid until it is disposed. When size or date are not those that `metadata` told,
 * the file was rewritten in place since: ask `metadata` again.
 */
export interface OpenMessage extends Disposable {
  readonly storedBytes: number
  readonly internalDateMs: number
  /** The whole file, when it is small enough to be held (1 MiB). Do not keep it after disposal. */
  readonly whole: Buffer | undefined
  /** What is known of the line ends of a message that is not held whole. */
  readonly lineFeeds: LineFeedTable | undefined
  /** Octets `start` to `end` as stored; shorter when the file ends before. */
  read(start: number, end: number): Promise<Buffer>
}

export interface CopyResult {
  readonly uidValidity: number
  /** UIDs in the source, in copy order; messages whose file had vanished are left out. */
  readonly from: readonly Uid[]
  /** UIDs in the target, pairwise. */
  readonly to: readonly Uid[]
}

export interface MoveResult extends CopyResult {
  /** Why the others could not be moved: they are where they were. */
  readonly failure: Error | undefined
}

/** Messages of which something is known without a look at each. */
export interface Counted {
  readonly size: number
  /** How many of them lack all of these flags. Counted once while nothing changes. */
  countWithout(flags: FlagBits): number
}

/** Messages that follow each other. */
export interface Stretch extends Counted {
  readonly first: MessageNumber
  /** The flags of each, in their order. */
  readonly flags: Uint8Array
}

/** One session's mailbox: what the client has been told, and how to change it. */
export interface View extends Counted {
  readonly name: FolderName
  readonly readOnly: boolean
  readonly uidValidity: number
  /** UID that the next message will have at least. */
  readonly uidNext: number
  /** Highest modification sequence of the mailbox (RFC 7162 §3.1.2). */
  readonly highestModseq: number
  /** Messages that the client knows of: numbers 1 to `size`. */
  readonly size: number
  /** Messages of these that are \Recent in this session. */
  readonly recent: number
  /** Keywords in use in the mailbox now. A new array object exactly when the set changes. */
  readonly keywords: readonly string[]

  uidOf(number: MessageNumber): Uid
  /** Number of the message with this UID, 0 when the client knows none. */
  numberOf(uid: Uid): MessageNumber | 0
  /** Number of the first message with a UID of at least `uid`; `size + 1` when there is none. */
  firstFrom(uid: Uid): number
  flagsOf(number: MessageNumber): FlagBits
  keywordsOf(number: MessageNumber): readonly string[]
  /** Number of the first message that lacks all of these flags; 0 when there is none. Cheap, however large the mailbox. */
  firstWithout(flags: FlagBits): MessageNumber | 0
  /** Messages in stretches, in order; those between them have to be looked at one by one. Cheap. */
  stretches(): readonly Stretch[]
  isRecent(number: MessageNumber): boolean
  modseqOf(number: MessageNumber): number

  /**
   * Looks at the folder on disk (cheap when nothing changed); `updates` then has what is new.
   *
   * @throws {Hangup} `mailbox-gone`: it was deleted, renamed or replaced, and the client's numbers mean nothing any more
   */
  refresh(): Promise<void>
  /** @throws {Hangup} `mailbox-gone`: it has been found to be gone; looks at no file */
  checkThere(): void
  /** Takes what the client has not been told yet. Without `expunges`, gone messages and what came after them wait. */
  updates(options: {readonly expunges: boolean}): Update[]
  /** There is something to tell. */
  readonly pending: boolean
  /** Calls `listener` after each change that somebody else made, at once where the folder can be watched. Returns the end of it. */
  watch(listener: () => void): () => void

  /**
   * Metadata of messages, in the order of `numbers`, in batches; files are read only for what the index does not hold.
   * Valid until the next batch.
   */
  metadata(numbers: readonly MessageNumber[], need: MetadataNeed): AsyncIterable<readonly MetadataEntry[]>
  /** What a column says of messages, in the order of `numbers`; of all, in theirs, when there are as many. Kept in memory. */
  values<T>(column: Column<T>, numbers: readonly MessageNumber[]): Promise<ColumnValues<T>>
  /** Opens a message; undefined when its file is gone. A promise where one has to wait. */
  open(number: MessageNumber): OpenMessage | undefined | Promise<OpenMessage | undefined>

  /** Changes flags; answers when they are on disk. The caller tells its client: `updates` leaves own changes out. */
  store(numbers: readonly MessageNumber[], change: FlagChange): Promise<void>
  /** Removes messages with \Deleted, of all or of these. `updates` tells. */
  expunge(numbers?: readonly MessageNumber[]): Promise<void>
  /** Copies to the end of another mailbox, all or none (RFC 3501 §6.4.7). */
  copy(numbers: readonly MessageNumber[], target: FolderName): Promise<CopyResult>
  /** Moves to the end of another mailbox (RFC 6851): never lost, gone here only when there. `updates` tells. */
  move(numbers: readonly MessageNumber[], target: FolderName): Promise<MoveResult>
  close(): void
}

/** A message on its way into a mailbox. */
export interface Delivery {
  /** Takes the next octets; drops CR (`spec/imap.md` §12.8). */
  write(chunk: Buffer): Promise<void>
  /** Stores the message; answers when it is on disk under its UID. */
  finish(): Promise<{readonly uidValidity: number; readonly uid: Uid}>
  /** Forgets the message and removes what was written. */
  abort(): Promise<void>
}

export interface DeliveryOptions {
  readonly flags: FlagBits
  readonly keywords: readonly string[]
  /** Time for INTERNALDATE, milliseconds since 1970; undefined: now. */
  readonly internalDateMs: number | undefined
}

/** One account's mail. Shared by all sessions of the account in this process. */
export interface Mailstore {
  /** All mailboxes, `INBOX` first. */
  folders(options?: {readonly marked?: 'inbox' | 'all'}): Promise<readonly FolderListing[]>
  exists(name: FolderName): Promise<boolean>
  /** Opens a mailbox for a session. @throws {Fault} `no-such-mailbox`, `no-access`, `busy` */
  select(name: FolderName, options: {readonly readOnly: boolean}): Promise<View>
  status(name: FolderName): Promise<FolderStatus>
  create(name: FolderName): Promise<void>
  /** @throws {Fault} `mailbox-reserved` for INBOX and the trash folder */
  remove(name: FolderName): Promise<void>
  /** Renames a mailbox and all below it, all or none. @throws {Fault} `mailbox-exists`, `invalid-name`, `mailbox-reserved` */
  rename(from: FolderName, to: FolderName): Promise<void>
  /** Starts a message for the end of a mailbox. @throws {Fault} `no-such-mailbox`, `no-space` */
  deliver(name: FolderName, options: DeliveryOptions): Promise<Delivery>
  /** Subscribed names as stored; they may not exist. */
  subscriptions(): Promise<readonly string[]>
  subscribe(name: string): Promise<void>
  unsubscribe(name: string): Promise<void>
  /** Limits and use from `maildirsize`; undefined without one. Bytes. */
  quota(): Promise<QuotaState | undefined>
  /** Gives the account back; the last one out closes it. */
  release(): void
}

export interface QuotaState {
  readonly bytes: {readonly used: number; readonly limit: number | undefined}
  readonly messages: {readonly used: number; readonly limit: number | undefined}
}
