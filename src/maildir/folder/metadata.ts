/** Metadata of messages: from the index when it has them, else from the files. */
import {headerLength} from '../../message/headers.js'
import {countLineFeeds} from '../../message/line-feeds.js'
import {parseStructure, StructureParser} from '../../message/parse-structure.js'
import type {Part} from '../../message/structure.js'
import {Pace} from '../../support/pace.js'
import type {FileFacts, OpenFile} from '../files.js'
import type {IndexEntry, IndexedMessage} from '../index/metadata-index.js'
import type {MessageMetadata, MessageNumber, MetadataEntry, MetadataNeed, Uid} from '../types.js'
import type {Folder} from './folder.js'

const BATCH_MESSAGES = 256
/** Large files are read in pieces of this size. */
const PIECE_BYTES = 256 * 1024
/** Of a header nobody needs more. */
const HEADER_BYTES = 1024 * 1024

/** Metadata up to some level; asking for more is a bug. */
class KnownMetadata implements MessageMetadata {
  readonly internalDateMs: number
  readonly storedBytes: number
  readonly #wireBytes: number | undefined
  readonly #header: Buffer | undefined
  readonly #structure: Part | undefined

  constructor(facts: FileFacts, known: {readonly wireBytes?: number; readonly header?: Buffer; readonly structure?: Part}) {
    this.internalDateMs = Number(facts.mtimeNs / 1_000_000n)
    this.storedBytes = facts.size
    this.#wireBytes = known.wireBytes
    this.#header = known.header
    this.#structure = known.structure
  }

  get wireBytes(): number {
    return known(this.#wireBytes)
  }

  get header(): Buffer {
    return known(this.#header)
  }

  get structure(): Part {
    return known(this.#structure)
  }
}

function known<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('Metadata that was not asked for')
  return value
}

/** Reads the MIME tree of an open file. */
async function structureOf(file: OpenFile): Promise<Part> {
  if (file.whole) return parseStructure(file.whole)
  const parser = new StructureParser()
  const pace = new Pace()
  for (let at = 0; at < file.facts.size; at += PIECE_BYTES) {
    parser.push(await file.read(at, PIECE_BYTES))
    if (pace.due) await pace.pause()
  }
  return parser.end()
}

async function lineFeedsOf(file: OpenFile): Promise<number> {
  if (file.whole) return countLineFeeds(file.whole)
  let count = 0
  for (let at = 0; at < file.facts.size; at += PIECE_BYTES) count += countLineFeeds(await file.read(at, PIECE_BYTES))
  return count
}

async function headerOf(file: OpenFile, length: number | undefined): Promise<Buffer> {
  const start = file.whole ?? (await file.read(0, HEADER_BYTES))
  const end = length ?? headerLength(start.toString('latin1', 0, HEADER_BYTES))
  return Buffer.from(start.subarray(0, Math.min(end, HEADER_BYTES)))
}

/** What an open file tells, up to a level. */
async function derive(file: OpenFile, level: MetadataNeed): Promise<IndexEntry> {
  const {facts} = file
  if (level === 'structure') {
    const structure = await structureOf(file)
    // The root's header and body are the whole file.
    const wireBytes = facts.size + structure.header.lineFeeds + structure.body.lineFeeds
    const header = await headerOf(file, structure.header.end)
    return {inode: facts.inode, mtimeNs: facts.mtimeNs, level, metadata: new KnownMetadata(facts, {wireBytes, header, structure})}
  }
  const wireBytes = facts.size + (await lineFeedsOf(file))
  const header = level === 'header' ? {header: await headerOf(file, undefined)} : {}
  return {inode: facts.inode, mtimeNs: facts.mtimeNs, level, metadata: new KnownMetadata(facts, {wireBytes, ...header})}
}

/** Opens the file of a message; looks again when somebody has just renamed it. undefined: it is gone. */
export async function openByUid(folder: Folder, uid: Uid): Promise<OpenFile | undefined> {
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const index = folder.snapshot.indexOf(uid)
    if (index < 0) return undefined
    const file = await folder.env.files.open(`${folder.path}/cur/${folder.snapshot.nameAt(index)}`)
    if (file) return file
    folder.touched()
    await folder.refresh()
  }
  return undefined
}

async function read(folder: Folder, uid: Uid, need: MetadataNeed): Promise<MessageMetadata | undefined> {
  const index = folder.snapshot.indexOf(uid)
  if (index < 0) return undefined
  const base = folder.snapshot.baseAt(index)
  if (need === 'date') {
    const facts = folder.env.files.stat(`${folder.path}/cur/${folder.snapshot.nameAt(index)}`)
    if (facts)
      return remember(
        folder,
        {uid, base},
        {inode: facts.inode, mtimeNs: facts.mtimeNs, level: 'date', metadata: new KnownMetadata(facts, {})},
      )
  }
  const file = await openByUid(folder, uid)
  if (!file) return undefined
  try {
    return remember(folder, {uid, base}, await derive(file, need))
  } finally {
    file.close()
  }
}

function remember(folder: Folder, message: IndexedMessage, entry: IndexEntry): MessageMetadata {
  folder.index.set(message, entry)
  return entry.metadata
}

/** Up to a batch of messages at a time, as they are listed now. */
function* inBatches(folder: Folder, messages: Iterable<readonly [number: MessageNumber, uid: Uid]>) {
  let batch: {number: MessageNumber; uid: Uid; base: string}[] = []
  for (const [number, uid] of messages) {
    const index = folder.snapshot.indexOf(uid)
    batch.push({number, uid, base: index < 0 ? '' : folder.snapshot.baseAt(index)})
    if (batch.length < BATCH_MESSAGES) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

/** The file of a message as it is now; undefined: it is gone. */
export function factsOfMessage(folder: Folder, {uid}: IndexedMessage): FileFacts | undefined {
  const index = folder.snapshot.indexOf(uid)
  return index < 0 ? undefined : folder.env.files.stat(`${folder.path}/cur/${folder.snapshot.nameAt(index)}`)
}

/** Metadata of messages in the given order, in batches. Others get their turn between batches. */
export async function* readMetadata(
  folder: Folder,
  messages: Iterable<readonly [number: MessageNumber, uid: Uid]>,
  need: MetadataNeed,
): AsyncGenerator<readonly MetadataEntry[]> {
  const pace = new Pace()
  const factsOf = (message: IndexedMessage) => factsOfMessage(folder, message)
  for (const wanted of inBatches(folder, messages)) {
    const found = await folder.index.read(wanted, {need, factsOf})
    let batch: MetadataEntry[] = []
    for (const [place, {number, uid}] of wanted.entries()) {
      batch.push({number, metadata: found[place] ?? (await read(folder, uid, need))})
      if (!pace.due) continue
      yield batch
      batch = []
      await pace.pause()
    }
    if (batch.length > 0) yield batch
  }
}
