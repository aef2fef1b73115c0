/**
 * Every file-system call of the store goes through this interface, so that tests can record, fail and simulate them.
 *
 * Paths and names are latin1 strings: one character for each octet. A name read as UTF-8 that is not UTF-8 could
 * not be opened again (`design.md` §3).
 */
import type {NameOctets} from './name-octets.js'

/** What `lstat` tells. */
export interface FileFacts {
  readonly device: bigint
  readonly inode: bigint
  readonly mtimeNs: bigint
  readonly ctimeNs: bigint
  readonly size: number
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly links: number
  readonly kind: 'file' | 'directory' | 'link' | 'other'
}

/** A message file opened for reading; `close` gives the descriptor and the buffer back. */
export interface OpenFile {
  readonly facts: FileFacts
  /** All of it, when `size` is at most `WHOLE_FILE_BYTES`; only valid until `close`. */
  readonly whole: Buffer | undefined
  /** Octets from `start` on, at most `length`; fewer at the end of the file. */
  read(start: number, length: number): Promise<Buffer>
  close(): void
}

/** What is known of a message file, and its first octets. */
export interface FileStart {
  readonly facts: FileFacts
  /** Begins with them. Only valid until the next call. */
  readonly octets: Buffer
  readonly length: number
}

/** A file being written in `tmp/`. */
export interface NewFile {
  write(chunk: Buffer): Promise<void>
  /** What the file is so far. */
  facts(): FileFacts
  /** Puts the content on disk and closes; `mtimeMs` becomes the file time. */
  finish(options: {readonly sync: boolean; readonly mtimeMs?: number | undefined}): Promise<FileFacts>
  /** Closes without caring; the caller unlinks. */
  abort(): Promise<void>
}

/** One file gets another name, or one more. */
export interface Move {
  readonly from: string
  readonly to: string
}

/** Mostly enough for a header. */
export const START_BYTES = 8 * 1024
/** Message files up to this size are read at once. */
export const WHOLE_FILE_BYTES = 1024 * 1024

/** Failures are node's errors with a `code`, except where a method says that it answers for a missing file. */
export interface MaildirFiles {
  /**
   * To be asked before `stat` of a directory and of these names in it: where they are on another machine, that is waited for
   * without keeping the loop. undefined: nothing has to be waited for.
   */
  reach(directory: string, names?: readonly string[]): Promise<void> | undefined
  /** Does not follow a link at the end of the path; undefined when nothing is there. */
  stat(path: string): FileFacts | undefined
  /** The file system keeps honest time stamps and answers at once: not a network file system. */
  isLocal(path: string): boolean
  /** It is local, and two changes of a directory never get the same time stamp when somebody looked at it in between. */
  stampsEachChange(path: string): boolean
  /** A small file whole; undefined when it is missing. @throws {Error} `EFBIG` above `limitBytes` */
  readFile(path: string, limitBytes: number): Promise<Buffer | undefined>
  /** Names in a directory, without `.` and `..`. May miss and repeat names that others rename meanwhile. */
  list(path: string): Promise<string[]>
  /** The same in pieces of a few thousand names at most, in any order. Each piece is valid until the next one is asked for. */
  names(path: string): AsyncIterable<NameOctets>
  /** Opens a message without following a link; undefined when it is missing or not a plain file. A promise where one has to wait. */
  open(path: string): OpenFile | undefined | Promise<OpenFile | undefined>
  /** The first octets of a message, at most `START_BYTES`; undefined when it has to be opened: to wait for it, or to learn that it is gone. */
  start(path: string): FileStart | undefined
  /** Makes a file that must not exist yet. */
  create(path: string, data: Buffer, options: {readonly mode: number; readonly sync: boolean}): Promise<FileFacts>
  /** The same for content that comes in pieces. */
  begin(path: string, options: {readonly mode: number}): Promise<NewFile>
  /** One write at the end of an existing plain file; false when it is missing. */
  append(path: string, data: Buffer): Promise<boolean>
  rename(from: string, to: string): Promise<void>
  /**
   * Renames each, by names in (or below) a directory; answers with what went wrong, at the place of each move: the others are
   * done all the same.
   */
  renameAll(directory: string, moves: readonly Move[]): Promise<readonly (Error | undefined)[]>
  link(from: string, to: string): Promise<void>
  /** The same for links, by paths. */
  linkAll(moves: readonly Move[]): Promise<readonly (Error | undefined)[]>
  /** False when it was not there. */
  unlink(path: string): Promise<boolean>
  /** As `renameAll`; `ENOENT` for one that was not there. */
  unlinkAll(directory: string, names: readonly string[]): Promise<readonly (Error | undefined)[]>
  mkdir(path: string, mode: number): Promise<void>
  rmdir(path: string): Promise<void>
  chmod(path: string, mode: number): Promise<void>
  touch(path: string, mtimeMs: number): Promise<void>
  /** Makes the names in a directory durable. */
  syncDirectory(path: string): Promise<void>
}
