/** STATUS of a folder that nobody has open: counts without giving UIDs, and leaves `new/` alone (`spec/imap.md` §12.2). */
import {errnoOf, Fault} from '../../support/fault.js'
import {Pace} from '../../support/pace.js'
import {paced, STRIDE, type Steps} from '../../support/steps.js'
import type {StoreEnvironment} from '../environment.js'
import {fileFault} from '../file-fault.js'
import {baseName, flagsOfName} from '../file-names.js'
import {FLAG, type FolderStatus} from '../types.js'
import type {UidDatabase} from '../uid-database.js'
import {contentParts, type FolderIdentity, folderIdentity, isSettled, modseqOfStamps, nowNs, reachFolder, sameIdentity} from './identity.js'
import {UidFile} from './uid-file.js'

/** What was counted, and what the folder looked like then. */
export interface CountedStatus {
  readonly status: FolderStatus
  /** Set when a later change of the folder would show. */
  readonly identity: FolderIdentity | undefined
}

export interface LightStatusOptions {
  readonly path: string
  /** Gives a folder without a UID database one with its first line only, so that its UIDVALIDITY stays. */
  readonly giveUidValidity: () => number
  readonly before: CountedStatus | undefined
}

/** Counts the messages of a folder. @throws {Fault} `no-such-mailbox`, `no-access` */
export async function lightStatus(env: StoreEnvironment, {path, giveUidValidity, before}: LightStatusOptions): Promise<CountedStatus> {
  await reachFolder(env.files, path)
  const identity = folderIdentity(env.files, path)
  if (!identity.cur) throw new Fault('no-such-mailbox', `"${path}" is no Maildir folder`)
  if (before?.identity && sameIdentity(before.identity, identity)) return before
  const beganNs = nowNs(env)
  const uidFile = new UidFile(env, path, () => undefined)
  const database = (await uidFile.read()) ?? {
    uidValidity: await createDatabase(env, path, uidFile, giveUidValidity()),
    uidNext: 1,
    uids: new Map<string, number>(),
  }
  const [cur, fresh] = await Promise.all([listMessages(env, `${path}/cur`), listMessages(env, `${path}/new`)])
  const {messages, unknown, unseen} = await paced(counted(cur, database), new Pace())
  const status: FolderStatus = {
    messages: messages + fresh.length,
    recent: unknown + fresh.length,
    unseen: unseen + fresh.length,
    uidNext: database.uidNext + unknown + fresh.length,
    uidValidity: database.uidValidity,
    highestModseq: modseqOfStamps(identity),
  }
  const settled =
    env.files.isLocal(path) && isSettled(contentParts(identity), beganNs) && sameIdentity(identity, folderIdentity(env.files, path))
  return {status, identity: settled ? identity : undefined}
}

interface Counts {
  readonly messages: number
  /** Those that the database does not know. */
  readonly unknown: number
  readonly unseen: number
}

/** Counts the messages that have these names. */
function* counted(names: readonly string[], {uids}: Pick<UidDatabase, 'uids'>): Steps<Counts> {
  const nameOf = new Map<string, string>()
  for (let at = 0; at < names.length; at += 1) {
    const name = names[at] ?? ''
    nameOf.set(baseName(name), name)
    if (at % STRIDE === 0) yield
  }
  let unknown = 0
  let unseen = 0
  let steps = 0
  for (const [base, name] of nameOf) {
    if (!uids.has(base)) unknown += 1
    if ((flagsOfName(name) & FLAG.seen) === 0) unseen += 1
    steps += 1
    if (steps % STRIDE === 0) yield
  }
  return {messages: nameOf.size, unknown, unseen}
}

async function listMessages(env: StoreEnvironment, path: string): Promise<string[]> {
  try {
    return (await env.files.list(path)).filter((name) => !name.startsWith('.'))
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return []
    throw fileFault(error, `Cannot read "${path}"`)
  }
}

/** Writes a database without messages; where that is not possible the number lives for this answer only. */
async function createDatabase(env: StoreEnvironment, path: string, uidFile: UidFile, uidValidity: number): Promise<number> {
  try {
    const prepared = await uidFile.prepare({uidValidity, uidNext: 1}, [])
    // Not a rename: a database that somebody made in this moment stays.
    await prepared.commitIfMissing()
    await env.files.syncDirectory(path)
    return (await uidFile.read())?.uidValidity ?? uidValidity
  } catch (error) {
    env.log.warning('maildir.uid-database-not-written', {path, reason: String(error)})
    return uidValidity
  }
}
