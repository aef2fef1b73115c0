/**
 * Brings messages of one folder into another: hard links where the file system allows, else copies.
 *
 * The copies always get base names of their own: the old one may still stand in the target's UID database with an
 * old UID (`design.md` §3).
 */
import {errnoOf} from '../support/fault.js'
import {Pace} from '../support/pace.js'
import type {StoreEnvironment} from './environment.js'
import {fileFault} from './file-fault.js'
import {sizeOfName} from './file-names.js'
import type {FileFacts, OpenFile} from './files.js'
import {type Arrival, type Arrivals, CANNOT_LINK} from './folder/arrivals.js'
import type {Folder} from './folder/folder.js'
import {factsOfMessage, openByUid} from './folder/metadata.js'
import {removeMessages} from './folder/remover.js'
import type {IndexedMessage} from './index/metadata-index.js'
import {Slab} from './index/slab.js'
import {FLAG, type Uid} from './types.js'

const PIECE_BYTES = 256 * 1024
/** Links that are prepared before others get their turn. */
const LINKS_AT_ONCE = 256
/** So many files take longer to be looked at than the index takes to be asked, even if it has to be read for that. */
const WORTH_ASKING = 100

/** A message that has been copied. */
export interface Copied {
  /** UID in the source. */
  readonly from: Uid
  /** UID in the target. */
  readonly to: Uid
}

export interface CopyOptions {
  readonly source: Folder
  readonly uids: readonly Uid[]
  readonly target: Folder
  /** The queue of the target. */
  readonly arrivals: Arrivals
  /** Asks whether copies fit the quota; the answer records them. Sizes of messages that count, octets. @throws {Fault} `over-quota` */
  readonly admit: (sizes: readonly number[]) => Promise<() => Promise<void>>
}

interface Prepared {
  readonly uid: Uid
  readonly arrival: Arrival
  /** Octets, for the quota. */
  readonly bytes: number
  /** It is the source's file under another name. */
  readonly isLink: boolean
}

/** Copies messages to the end of another folder, all or none; those whose files have vanished are left out. */
export async function copyMessages(options: CopyOptions): Promise<readonly Copied[]> {
  const {source, uids, target, arrivals, admit} = options
  const prepared = await prepareAll(source, uids, target)
  if (prepared.length === 0) return []
  const countingSizes = prepared.filter(({arrival}) => (arrival.flags & FLAG.deleted) === 0).map(({bytes}) => bytes)
  try {
    const record = await admit(countingSizes)
    const placed = await arrivals.add(prepared.map(({arrival}) => arrival))
    const {copied, left} = outcomeOf(prepared, placed)
    if (left.length > 0) copied.push(...(await copyLeft(options, left, copied)))
    await record()
    return copied
  } catch (error) {
    await discard(source.env, prepared)
    throw error
  }
}

/** Messages that could not be linked, by other means. What was copied before goes again when that fails. */
async function copyLeft({source, target, arrivals}: CopyOptions, uids: readonly Uid[], before: readonly Copied[]): Promise<Copied[]> {
  try {
    const prepared = await prepareFiles(source, uids, target)
    const placed = await arrivals.add(prepared.map(({arrival}) => arrival))
    return outcomeOf(prepared, placed).copied
  } catch (error) {
    const copies = before.map(({to}) => to)
    await removeMessages(target, copies, 0)
    throw error
  }
}

/** What has got a UID in the target, and the UIDs of what has not. */
function outcomeOf(prepared: readonly Prepared[], placed: readonly (Uid | undefined)[]): {readonly copied: Copied[]; readonly left: Uid[]} {
  const copied: Copied[] = []
  const left: Uid[] = []
  for (let place = 0; place < prepared.length; place += 1) {
    const from = (prepared[place] as Prepared).uid
    const to = placed[place]
    if (to === undefined) left.push(from)
    else copied.push({from, to})
  }
  return {copied, left}
}

/**
 * The first message gets a link or a copy in `tmp/`. When that was a link, the others can be linked into their place. In the
 * order of `uids`.
 */
async function prepareAll(source: Folder, uids: readonly Uid[], target: Folder): Promise<Prepared[]> {
  const first = await prepareFiles(source, uids.slice(0, 1), target)
  const rest = uids.slice(1)
  try {
    const links = first[0]?.isLink ? await prepareLinks(source, rest) : []
    const others = rest.filter((_, place) => !links[place])
    if (others.length === 0) return [...first, ...(links as Prepared[])]
    const files = new Map((await prepareFiles(source, others, target)).map((each) => [each.uid, each]))
    return [...first, ...rest.flatMap((uid, place) => links[place] ?? files.get(uid) ?? [])]
  } catch (error) {
    await discard(source.env, first)
    throw error
  }
}

/** Links that are made at once in their place, by place: the first message was a file that can be linked. undefined: a link will not do. */
async function prepareLinks(source: Folder, uids: readonly Uid[]): Promise<(Prepared | undefined)[]> {
  const links: (Prepared | undefined)[] = []
  const pace = new Pace()
  for (let at = 0; at < uids.length; at += LINKS_AT_ONCE) {
    const some = uids.slice(at, at + LINKS_AT_ONCE)
    const sizes = uids.length < WORTH_ASKING ? [] : await knownSizes(source, some)
    const indexes = source.snapshot.indexesOf(some)
    for (let place = 0; place < some.length; place += 1) links.push(prepareLink(source, indexes[place] ?? -1, sizes[place]))
    if (pace.due) await pace.pause()
  }
  return links
}

/** Octets of messages whose files were opened before and have not changed since, as far as is known: plain files. */
async function knownSizes(folder: Folder, uids: readonly Uid[]): Promise<(number | undefined)[]> {
  const {snapshot} = folder
  const indexes = snapshot.indexesOf(uids)
  const messages = uids.map((uid, place) => {
    const index = indexes[place] ?? -1
    return {uid, hash: index < 0 ? 0 : snapshot.baseHashAt(index)}
  })
  const factsOf = (message: IndexedMessage) => factsOfMessage(folder, message)
  const known = await folder.index.read(messages, {need: 'size', factsOf, slab: new Slab()})
  return known.map((metadata) => metadata?.storedBytes)
}

/** `knownBytes`: octets of a file that is known to be a plain one. undefined: a link will not do. */
function prepareLink({env, path, snapshot, keywordTable}: Folder, index: number, knownBytes: number | undefined): Prepared | undefined {
  if (index < 0) return undefined
  const {uid, base: linked, info, flags, keywordSet} = snapshot.row(index)
  const file = `${path}/cur/${linked}${info}`
  const fileBytes = knownBytes ?? sizeOfPlainFile(env, file)
  if (fileBytes === undefined) return undefined
  const bytes = sizeOfName(linked) ?? fileBytes
  const arrival = {file, linked: true, base: env.names.ofLink(linked, bytes), flags, keywords: keywordTable.keywords(keywordSet)}
  return {uid, arrival, bytes, isLink: true}
}

/** undefined: somebody has renamed it, or it is a link or a directory. */
function sizeOfPlainFile({files}: StoreEnvironment, path: string): number | undefined {
  const facts = files.stat(path)
  return facts?.kind === 'file' ? facts.size : undefined
}

/** Puts copies of messages into the target's `tmp/`, all or none; messages that vanished are left out. */
async function prepareFiles(source: Folder, uids: readonly Uid[], target: Folder): Promise<Prepared[]> {
  const prepared: Prepared[] = []
  const pace = new Pace()
  try {
    for (const uid of uids) {
      const copy = await prepareOne(source, uid, target)
      if (copy) prepared.push(copy)
      if (pace.due) await pace.pause()
    }
    return prepared
  } catch (error) {
    await discard(source.env, prepared)
    throw fileFault(error, `Cannot copy to "${target.name}"`)
  }
}

async function discard({files}: StoreEnvironment, prepared: readonly Prepared[]): Promise<void> {
  for (const {arrival} of prepared) if (!arrival.linked) await files.unlink(arrival.file).catch(() => false)
}

async function prepareOne(source: Folder, uid: Uid, target: Folder): Promise<Prepared | undefined> {
  const {files, names} = source.env
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const index = source.snapshot.indexOf(uid)
    if (index < 0) return undefined
    const name = names.message()
    const temporary = `${target.path}/tmp/${name.temporary}`
    const made = await linkOrCopy(source, uid, `${source.path}/cur/${source.snapshot.nameAt(index)}`, temporary)
    if (made === 'vanished') {
      // Renamed by somebody else, or gone: look again.
      await source.refresh()
      continue
    }
    const {flags, keywordSet} = source.snapshot.row(source.snapshot.indexOf(uid) < 0 ? index : source.snapshot.indexOf(uid))
    const keywords = source.keywordTable.keywords(keywordSet)
    return {uid, arrival: {file: temporary, base: name.base(made, made.size), flags, keywords}, bytes: made.size, isLink: made.links > 1}
  }
  return undefined

  async function linkOrCopy(folder: Folder, wanted: Uid, from: string, to: string): Promise<FileFacts | 'vanished'> {
    try {
      if (files.stat(from)?.kind !== 'file') return 'vanished'
      await files.link(from, to)
      return files.stat(to) ?? 'vanished'
    } catch (error) {
      const code = errnoOf(error) ?? ''
      if (code === 'ENOENT' && files.stat(`${target.path}/tmp`)) return 'vanished'
      if (!CANNOT_LINK.has(code)) throw error
    }
    const file = await openByUid(folder, wanted)
    if (!file) return 'vanished'
    try {
      return await copyFile(folder.env, file, to)
    } finally {
      file.close()
    }
  }
}

async function copyFile({files}: StoreEnvironment, file: OpenFile, to: string): Promise<FileFacts> {
  const copy = await files.begin(to, {mode: 0o666})
  try {
    for (let at = 0; at < file.facts.size; at += PIECE_BYTES) await copy.write(await file.read(at, PIECE_BYTES))
    return await copy.finish({sync: true, mtimeMs: Number(file.facts.mtimeNs / 1_000_000n)})
  } catch (error) {
    await copy.abort()
    await files.unlink(to).catch(() => false)
    throw error
  }
}
