/** Metadata of messages: from the index when it has them, else from the files. */
import {headerLength} from '../../message/headers.js'
import {countLineFeeds} from '../../message/line-feeds.js'
import {parseStructure, StructureParser} from '../../message/parse-structure.js'
import type {Part} from '../../message/structure.js'
import {Fault} from '../../support/fault.js'
import {Pace} from '../../support/pace.js'
import {fileFault} from '../file-fault.js'
import type {FileFacts, FileStart, OpenFile} from '../files.js'
import type {IndexEntry, IndexedMessage} from '../index/metadata-index.js'
import {Slab} from '../index/slab.js'
import {KnownMetadata, type KnownParts} from '../known-metadata.js'
import {covers} from '../metadata-need.js'
import type {MessageMetadata, MessageNumber, MetadataEntry, MetadataNeed, Uid} from '../types.js'
import type {Folder} from './folder.js'
import type {Snapshot} from './snapshot.js'

const BATCH_MESSAGES = 512
/** Large files are read in pieces of this size. */
const PIECE_BYTES = 256 * 1024
/** Of a header nobody needs more. */
const HEADER_BYTES = 1024 * 1024
/** Messages between two looks at the clock, where each takes next to no time. */
const STRIDE = 16

/** Reads the MIME tree of a large file. */
async function structureOf(file: OpenFile): Promise<Part> {
  const parser = new StructureParser()
  const pace = new Pace()
  for (let at = 0; at < file.facts.size; at += PIECE_BYTES) {
    parser.push(await file.read(at, PIECE_BYTES))
    if (pace.due) await pace.pause()
  }
  return parser.end()
}

async function lineFeedsOf(file: OpenFile): Promise<number> {
  let count = 0
  for (let at = 0; at < file.facts.size; at += PIECE_BYTES) count += countLineFeeds(await file.read(at, PIECE_BYTES))
  return count
}

/** The header at the start of a file. */
function headerOf(start: Buffer): string {
  return start.toString('latin1', 0, headerLength(start, Math.min(start.length, HEADER_BYTES)))
}

/** The header at the start of a file, if it ends there. */
function headerIn({facts, octets, length}: FileStart): string | undefined {
  const end = headerLength(octets, length)
  return end < length || facts.size <= length ? octets.toString('latin1', 0, end) : undefined
}

const NOTHING: KnownParts = {wireBytes: undefined, header: undefined, structure: undefined}

function entryOf({facts}: {readonly facts: FileFacts}, level: MetadataNeed, known: KnownParts): IndexEntry {
  const {inode, mtimeNs, size} = facts
  const metadata = new KnownMetadata({internalDateMs: Number(mtimeNs / 1_000_000n), storedBytes: size}, known)
  return {inode, mtimeNs, level, metadata}
}

/** What an open file that is held whole tells, up to a level. */
function deriveNow(file: OpenFile, whole: Buffer, level: MetadataNeed): IndexEntry {
  if (level === 'structure') {
    const structure = parseStructure(whole)
    // The root's header and body are the whole file.
    const wireBytes = whole.length + structure.header.lineFeeds + structure.body.lineFeeds
    return entryOf(file, level, {wireBytes, header: whole.toString('latin1', 0, structure.header.end), structure})
  }
  const wireBytes = covers(level, 'size') ? whole.length + countLineFeeds(whole) : undefined
  const header = covers(level, 'header') ? headerOf(whole) : undefined
  return entryOf(file, level, {wireBytes, header, structure: undefined})
}

/** The same of a large file, piece by piece. */
async function deriveLater(file: OpenFile, level: MetadataNeed): Promise<IndexEntry> {
  const {size} = file.facts
  if (level === 'structure') {
    const structure = await structureOf(file)
    const wireBytes = size + structure.header.lineFeeds + structure.body.lineFeeds
    const header = (await file.read(0, Math.min(structure.header.end, HEADER_BYTES))).toString('latin1')
    return entryOf(file, level, {wireBytes, header, structure})
  }
  const wireBytes = covers(level, 'size') ? size + (await lineFeedsOf(file)) : undefined
  const header = covers(level, 'header') ? headerOf(await file.read(0, HEADER_BYTES)) : undefined
  return entryOf(file, level, {wireBytes, header, structure: undefined})
}

/**
 * Opens the file of a message; looks again when somebody has just renamed it. undefined: it is gone. A promise where one has to wait.
 *
 * @throws {Fault} `no-access`, `io-error`, … it cannot be read, and others can; `no-such-mailbox`
 */
export function openByUid(folder: Folder, uid: Uid): OpenFile | undefined | Promise<OpenFile | undefined> {
  try {
    const file = openFile(folder, uid)
    if (!(file instanceof Promise)) return file
    return file.catch((error: unknown) => {
      throw unreadable(folder, uid, error)
    })
  } catch (error) {
    throw unreadable(folder, uid, error)
  }
}

function unreadable(folder: Folder, uid: Uid, error: unknown): Error {
  return fileFault(error, `Cannot read message UID ${uid} of "${folder.path}"`)
}

function openFile(folder: Folder, uid: Uid): OpenFile | undefined | Promise<OpenFile | undefined> {
  const index = folder.snapshot.indexOf(uid)
  if (index < 0) return undefined
  const opening = folder.env.files.open(`${folder.path}/cur/${folder.snapshot.nameAt(index)}`)
  return opening === undefined || opening instanceof Promise ? openLater(folder, uid, opening) : opening
}

async function openLater(folder: Folder, uid: Uid, opening: Promise<OpenFile | undefined> | undefined): Promise<OpenFile | undefined> {
  let file = await opening
  for (let attempt = 1; !file && attempt < 3; attempt += 1) {
    folder.touched()
    await folder.refresh()
    const index = folder.snapshot.indexOf(uid)
    if (index < 0) return undefined
    file = await folder.env.files.open(`${folder.path}/cur/${folder.snapshot.nameAt(index)}`)
  }
  return file
}

/** A message that is asked for, as it is listed now. `index`: its place in the folder; negative when it is gone. */
interface Wanted extends IndexedMessage {
  readonly number: MessageNumber
  readonly index: number
}

/** What the file of a message tells; a promise where one has to wait for it. */
function read(folder: Folder, wanted: Wanted, need: MetadataNeed): MessageMetadata | undefined | Promise<MessageMetadata | undefined> {
  if (wanted.index < 0) return undefined
  const path = `${folder.path}/cur/${folder.snapshot.nameAt(folder.snapshot.indexOf(wanted.uid))}`
  if (need === 'date') {
    const facts = folder.env.files.stat(path)
    if (facts) return remember(folder, wanted, dateEntry(facts))
  }
  if (need === 'header') {
    const start = folder.env.files.start(path)
    const header = start && headerIn(start)
    if (start && header !== undefined)
      return remember(folder, wanted, entryOf(start, need, {wireBytes: undefined, header, structure: undefined}))
  }
  const file = folder.env.files.open(path)
  if (file === undefined || file instanceof Promise || !file.whole) return readLater(folder, wanted, {need, file})
  try {
    return remember(folder, wanted, deriveNow(file, file.whole, need))
  } finally {
    file.close()
  }
}

/** The same as an entry: a file that cannot be read does not hide the others. */
function entryFor(folder: Folder, wanted: Wanted, need: MetadataNeed): MetadataEntry | Promise<MetadataEntry> {
  try {
    const metadata = read(folder, wanted, need)
    return metadata instanceof Promise ? entryLater(folder, wanted, metadata) : {number: wanted.number, metadata}
  } catch (error) {
    return failedEntry(folder, wanted, error)
  }
}

async function entryLater(folder: Folder, wanted: Wanted, metadata: Promise<MessageMetadata | undefined>): Promise<MetadataEntry> {
  try {
    return {number: wanted.number, metadata: await metadata}
  } catch (error) {
    return failedEntry(folder, wanted, error)
  }
}

/** @throws what went wrong, where it is not the file */
function failedEntry(folder: Folder, {number, uid}: Wanted, error: unknown): MetadataEntry {
  const fault = unreadable(folder, uid, error)
  if (error instanceof Fault || !(fault instanceof Fault)) throw error
  folder.env.log.warning('maildir.unreadable-message', {path: folder.path, reason: fault.message})
  return {number, metadata: undefined, fault}
}

function dateEntry({inode, mtimeNs, size}: FileFacts): IndexEntry {
  const metadata = new KnownMetadata({internalDateMs: Number(mtimeNs / 1_000_000n), storedBytes: size}, NOTHING)
  return {inode, mtimeNs, level: 'date', metadata}
}

interface Opening {
  readonly need: MetadataNeed
  readonly file: OpenFile | undefined | Promise<OpenFile | undefined>
}

async function readLater(folder: Folder, wanted: Wanted, {need, file: opening}: Opening): Promise<MessageMetadata | undefined> {
  const file = (await opening) ?? (await openFile(folder, wanted.uid))
  if (!file) return undefined
  try {
    return remember(folder, wanted, file.whole ? deriveNow(file, file.whole, need) : await deriveLater(file, need))
  } finally {
    file.close()
  }
}

function remember(folder: Folder, message: IndexedMessage, entry: IndexEntry): MessageMetadata {
  folder.index.set(message, entry)
  return entry.metadata
}

/** The file of a message as it is now; undefined: it is gone. */
export function factsOfMessage(folder: Folder, {uid}: IndexedMessage): FileFacts | undefined {
  const index = folder.snapshot.indexOf(uid)
  return index < 0 ? undefined : folder.env.files.stat(`${folder.path}/cur/${folder.snapshot.nameAt(index)}`)
}

/** Messages by their numbers in a snapshot that a client knows. */
export interface Listing {
  readonly listed: Snapshot
  readonly numbers: readonly MessageNumber[]
}

/** Messages as they are listed now. */
function wantedOf(folder: Folder, listed: Snapshot, numbers: readonly MessageNumber[]): Wanted[] {
  const {snapshot} = folder
  const isSame = snapshot === listed
  const wanted: Wanted[] = []
  for (const number of numbers) {
    const uid = listed.uidAt(number - 1)
    const index = isSame ? number - 1 : snapshot.indexOf(uid)
    wanted.push({number, uid, index, hash: index < 0 ? 0 : snapshot.baseHashAt(index)})
  }
  return wanted
}

/** Metadata of messages in the given order, in batches. Others get their turn between batches. */
export async function* readMetadata(
  folder: Folder,
  {listed, numbers}: Listing,
  need: MetadataNeed,
): AsyncGenerator<readonly MetadataEntry[]> {
  const pace = new Pace()
  const factsOf = (message: IndexedMessage) => factsOfMessage(folder, message)
  const slab = new Slab()
  for (let at = 0; at < numbers.length; at += BATCH_MESSAGES) {
    const wanted = wantedOf(folder, listed, numbers.slice(at, at + BATCH_MESSAGES))
    let first = 0
    let found = await folder.index.read(wanted, {need, factsOf, slab})
    let batch: MetadataEntry[] = []
    for (const [place, each] of wanted.entries()) {
      const metadata = found[place - first]
      if (metadata) {
        batch.push({number: each.number, metadata})
        if (place % STRIDE !== 0) continue
      } else {
        const entry = entryFor(folder, each, need)
        batch.push(entry instanceof Promise ? await entry : entry)
      }
      if (!pace.due) continue
      const {version} = folder.index
      yield batch
      batch = []
      await pace.pause()
      if (folder.index.version === version) continue
      // What other sessions have read meanwhile is not read again.
      first = place + 1
      found = await folder.index.read(wanted.slice(first), {need, factsOf, slab})
    }
    if (batch.length > 0) yield batch
  }
}
