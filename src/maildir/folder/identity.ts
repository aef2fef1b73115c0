/**
 * Has a folder changed since it was read? Four stats answer, if time stamps can be believed (`design.md` §3).
 *
 * The kernel moves time stamps in steps of 4 to 10 ms (whole seconds on old file systems): two changes in one step
 * look like none. So what a scan saw is trusted only if the scan began a good while after the newest stamp that it
 * saw. A stamp in the future, or a network file system, is never trusted.
 */
import type {FileFacts, MaildirFiles} from '../files.js'

const STEP_MICROSECONDS = 20_000
const STEP_NS = BigInt(STEP_MICROSECONDS) * 1000n
const WHOLE_SECONDS_STEP_NS = 2_000_000_000n
const SECOND_NS = 1_000_000_000n

/** What the parts of a folder looked like at one moment. */
export interface FolderIdentity {
  readonly folder: FileFacts | undefined
  readonly cur: FileFacts | undefined
  readonly fresh: FileFacts | undefined
  readonly keywords: FileFacts | undefined
  readonly uids: FileFacts | undefined
}

/** Asks for all of it where that has to be waited for. */
export function reachFolder(files: MaildirFiles, path: string): Promise<void> | undefined {
  return files.reach(path, ['cur', 'new', 'tmp', 'courierimapkeywords', 'courierimapuiddb', 'tmp/courier.lock'])
}

export function folderIdentity(files: MaildirFiles, path: string): FolderIdentity {
  return {
    folder: files.stat(path),
    cur: files.stat(`${path}/cur`),
    fresh: files.stat(`${path}/new`),
    keywords: files.stat(`${path}/courierimapkeywords`),
    uids: files.stat(`${path}/courierimapuiddb`),
  }
}

/** Same file or directory, with the same content as far as time stamps tell. */
export function sameFacts(a: FileFacts | undefined, b: FileFacts | undefined): boolean {
  if (!a || !b) return a === b
  return a.inode === b.inode && a.device === b.device && a.mtimeNs === b.mtimeNs && a.ctimeNs === b.ctimeNs && a.size === b.size
}

/** Same directory or file, whatever its content. */
export function samePlace(a: FileFacts | undefined, b: FileFacts | undefined): boolean {
  return a !== undefined && b !== undefined && a.inode === b.inode && a.device === b.device
}

/** Same content throughout; the folder's own time stamps do not matter (its `tmp/` is none of our business). */
export function sameIdentity(a: FolderIdentity, b: FolderIdentity): boolean {
  return (
    samePlace(a.folder, b.folder) &&
    sameFacts(a.cur, b.cur) &&
    sameFacts(a.fresh, b.fresh) &&
    sameFacts(a.keywords, b.keywords) &&
    sameFacts(a.uids, b.uids)
  )
}

/** Newest time stamp of these, nanoseconds since 1970; 0 when nothing is there. */
export function newestStampNs(parts: readonly (FileFacts | undefined)[]): bigint {
  let newest = 0n
  for (const part of parts) {
    if (!part) continue
    if (part.mtimeNs > newest) newest = part.mtimeNs
    if (part.ctimeNs > newest) newest = part.ctimeNs
  }
  return newest
}

/** A later change of these would show: what was read from `beganNs` on (nanoseconds since 1970) can be relied on. */
export function isSettled(parts: readonly (FileFacts | undefined)[], beganNs: bigint): boolean {
  const newest = newestStampNs(parts)
  const wholeSeconds = parts.every((part) => !part || (part.mtimeNs % SECOND_NS === 0n && part.ctimeNs % SECOND_NS === 0n))
  return newest + (wholeSeconds ? WHOLE_SECONDS_STEP_NS : STEP_NS) <= beganNs
}

export function contentParts({cur, fresh, keywords, uids}: FolderIdentity): readonly (FileFacts | undefined)[] {
  return [cur, fresh, keywords, uids]
}

/** Between the change of a directory and its modification sequence lies at most this, syncs of slow disks included. */
const MODSEQ_LAG_MICROSECONDS = 60_000_000

/**
 * A modification sequence that none of those given so far is above, whatever the clock says now and even if nothing
 * else is known: the same as long as nothing changes. 0 when nothing is there.
 */
export function modseqOfStamps(identity: FolderIdentity): number {
  const newest = newestStampNs(contentParts(identity))
  return newest === 0n ? 0 : Number(newest / 1000n) + MODSEQ_LAG_MICROSECONDS
}

/**
 * The time stamp, milliseconds since 1970, that keeps `modseqOfStamps` from going below this modification sequence; undefined:
 * those that the clock gives do. They do not where it was set back, nor when the same step of time saw an earlier change.
 */
export function stampForModseq(modseq: number, {nowMs}: {readonly nowMs: () => number}): number | undefined {
  const needed = modseq - MODSEQ_LAG_MICROSECONDS
  if (needed <= nowMs() * 1000 - STEP_MICROSECONDS) return undefined
  // One more: file systems may round down.
  return Math.ceil(needed / 1000) + 1
}

/** The time by the clock that stamps files, nanoseconds since 1970. */
export function nowNs({nowMs}: {readonly nowMs: () => number}): bigint {
  return BigInt(Math.floor(nowMs() * 1000)) * 1000n
}
