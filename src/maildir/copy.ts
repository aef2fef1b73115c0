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
import type {FileFacts, OpenFile} from './files.js'
import type {Arrival} from './folder/arrivals.js'
import type {Folder} from './folder/folder.js'
import {openByUid} from './folder/metadata.js'
import type {Uid} from './types.js'

const PIECE_BYTES = 256 * 1024
/** Reasons for which a link cannot be made and a copy can. */
const COPY_INSTEAD = new Set(['EXDEV', 'EMLINK', 'EPERM', 'EOPNOTSUPP', 'ENOSYS'])

export interface Prepared {
  readonly uid: Uid
  readonly arrival: Arrival
  /** Octets, for the quota. */
  readonly bytes: number
}

/** Puts copies of messages into the target's `tmp/`, all or none; messages that vanished are left out. */
export async function prepareCopies(source: Folder, uids: readonly Uid[], target: Folder): Promise<Prepared[]> {
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
    await discardCopies(source.env, prepared)
    throw fileFault(error, `Cannot copy to "${target.name}"`)
  }
}

export async function discardCopies({files}: StoreEnvironment, prepared: readonly Prepared[]): Promise<void> {
  for (const {arrival} of prepared) await files.unlink(arrival.temporary).catch(() => false)
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
    return {uid, arrival: {temporary, base: name.base(made, made.size), flags, keywords}, bytes: made.size}
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
      if (!COPY_INSTEAD.has(code)) throw error
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
