/** Makes what a reading of the folder found the state: gives UIDs to what is new and puts them on disk before anybody is told. */
import {Pace} from '../../support/pace.js'
import {paced, STRIDE, type Steps} from '../../support/steps.js'
import type {StoreEnvironment} from '../environment.js'
import {fileFault} from '../file-fault.js'
import {flagsOfName, sortForUids} from '../file-names.js'
import type {SavedFolder} from '../index/metadata-index.js'
import type {FolderName, Uid} from '../types.js'
import type {UidDatabase} from '../uid-database.js'
import {isFull, isReadOnly} from './access.js'
import {CHUNK_MESSAGES, inOrder, type MessageRow, type StateChange, type StateChanges} from './chunk.js'
import {type FolderContents, uidLines} from './contents.js'
import {keepModseqs} from './left-behind.js'
import type {ScanResult} from './scan.js'
import type {UidFile, UidHeader} from './uid-file.js'

/** What was found on disk. */
export interface Findings {
  readonly result: ScanResult
  /** The UID database, when it was read: `reread`. */
  readonly database: UidDatabase | undefined
  readonly reread: boolean
  /** Base names of messages with other keywords than before. */
  readonly keywordsChanged: readonly string[]
  /** Modification sequence of messages that were not known: that of all, when the others have been read just now. */
  readonly modseq?: number | undefined
}

export interface MergeOptions {
  readonly env: StoreEnvironment
  readonly name: FolderName
  /** The folder, in octets. */
  readonly path: string
  readonly contents: FolderContents
  readonly uidFile: UidFile
  /** What an earlier process knew. */
  readonly saved: SavedFolder | undefined
  /** The database on disk lists messages that are gone. */
  readonly staleLines: boolean
  readonly giveUidValidity: () => number
  /** UIDVALIDITY and UIDs are settled, and nobody has been told. */
  readonly onNumbered: (uidValidity: number) => void
}

export interface Merged {
  /** False: the disk is full, and what has no UID yet is left for later: no UID is told that is not on disk. */
  readonly complete: boolean
  /** The database was written. */
  readonly written: boolean
  /** There were messages that were not known. */
  readonly arrived: boolean
}

interface Arrival {
  readonly base: string
  readonly info: string
}

type Numbered = Arrival & {readonly uid: number}

/** Messages that are worked on before others get their turn. */
const AT_ONCE = 1000

/** What becomes of each message. */
interface Fates {
  readonly gone: readonly Uid[]
  /** Not known before, with the UIDs that the database has for them, in their order. */
  readonly placed: readonly Numbered[]
  /** Not known before, and without a UID. */
  readonly found: readonly Arrival[]
  /** The database lacks lines of messages whose UIDs were told. */
  readonly restore: boolean
}

/** Gives UIDs to what was found, puts them on disk, and makes it all the state. */
export async function merge(findings: Findings, options: MergeOptions): Promise<Merged> {
  const {database, reread} = findings
  const {contents, saved, staleLines} = options
  const first = !contents.loaded
  const uidValidity = first ? (database?.uidValidity ?? options.giveUidValidity()) : contents.uidValidity
  const uidNext = Math.max(contents.uidNext, database?.uidNext ?? 1)
  const pace = new Pace()
  const {gone, placed, found: unnumbered, restore} = await paced(sortOut(findings, contents), pace)
  const known = await rowsOf(placed, contents, findings.modseq)
  const ordered = await paced(
    sortForUids(unnumbered, ({base}) => base),
    pace,
  )
  const found = await rowsOf(numbered(ordered, uidNext), contents, findings.modseq)
  const all = [...known, ...found]
  const lostLines = database !== undefined && database.uids.size > contents.snapshot.size + all.length - gone.length
  const mustWrite = found.length > 0 || gone.length > 0 || restore || staleLines || lostLines || (reread && !database)
  // Lines of messages that are gone may come back after a power cut: nobody has their names again.
  const mustLast = found.length > 0 || restore || (reread && !database)
  const needed = found.length === 0 ? 'no' : first && !database ? 'yes' : 'for-new'
  const header = {uidValidity, uidNext: uidNext + found.length}
  const onlyMore = found.length === all.length && gone.length === 0 && !restore && !staleLines && !lostLines && !reread
  const more = onlyMore ? found : undefined
  const lines = () => uidLines(contents.snapshot.without(gone), all)
  const written = mustWrite ? await write(options, {header, lines, more, needed, mustLast}) : 'no'
  const fresh = written === 'full' ? [] : found
  const rows = written === 'full' ? known : all
  const before = first && saved?.uidValidity === uidValidity ? saved : undefined
  const keywords = (set: number) => contents.keywordTable.keywords(set)
  const kept = before ? await paced(keepModseqs(rows, before, keywords), pace) : 0
  contents.isRead({uidValidity, uidNext: uidNext + fresh.length})
  options.onNumbered(uidValidity)
  if (fresh.length > 0) contents.recents.add(uidNext, uidNext + fresh.length)
  contents.sawModseq(before?.highestModseq ?? 0)
  // Most folders are read without anybody asking for a message by its name.
  if (first) contents.names.takeUp()
  const columns = rows.length > CHUNK_MESSAGES ? await contents.columnsOf(rows) : undefined
  contents.apply({added: rows, columns, gone, changed: changes(findings, contents, new Set(gone))})
  const hasLost = before !== undefined && kept < before.snapshot.size && contents.highestModseq === before.highestModseq
  if (contents.highestModseq === 0 || hasLost) contents.nextModseq()
  return {complete: written !== 'full', written: written === 'yes', arrived: all.length > 0}
}

/** What becomes of each message: known ones that are gone, new ones with the UID that the database has for them. */
function* sortOut({result, database}: Findings, {snapshot, loaded, highestUid}: FolderContents): Steps<Fates> {
  const gone: Uid[] = [...result.gone]
  const placed: Numbered[] = []
  const found: Arrival[] = []
  // A UID that is not above those already told cannot be shown any more: such a message counts as new.
  const usable = (uid: number | undefined) => (uid !== undefined && uid > highestUid ? uid : undefined)
  const sort = (listed: number | undefined, base: string, info: string) => {
    const uid = usable(listed)
    if (uid === undefined) found.push({base, info})
    else placed.push({uid, base, info})
  }
  let steps = 0
  // In the order of the database, which mostly is that of UIDs.
  for (const [base, listed] of database?.uids ?? []) {
    const info = result.added.get(base)
    if (info !== undefined) sort(listed, base, info)
    steps += 1
    if (steps % STRIDE === 0) yield
  }
  if (placed.length + found.length < result.added.size) {
    for (const [base, info] of result.added) {
      if (!database?.uids.has(base)) found.push({base, info})
      steps += 1
      if (steps % STRIDE === 0) yield
    }
  }
  let restore = false
  if (database && loaded) {
    const lost = new Set(gone)
    for (const {uids, bases, infos} of snapshot.columns()) {
      for (let offset = 0; offset < uids.length; offset += 1) {
        const uid = uids[offset] as Uid
        const base = bases.at(offset) ?? ''
        const listed = database.uids.get(base)
        if (lost.has(uid) || listed === uid) continue
        // Somebody's scan forgot the message while it was renamed: it keeps the UID that was told. Another UID was told too: that one counts.
        if (listed === undefined) restore = true
        else {
          gone.push(uid)
          sort(listed, base, result.renamed.get(uid) ?? infos.at(offset) ?? '')
        }
      }
      yield
    }
  }
  if (placed.some(({uid}, place) => uid < (placed[place - 1]?.uid ?? 0))) placed.sort((a, b) => a.uid - b.uid)
  return {gone, placed, found, restore}
}

function* numbered(arrivals: Iterable<Arrival>, first: number): Generator<Numbered> {
  let uid = first
  for (const {base, info} of arrivals) {
    yield {uid, base, info}
    uid += 1
  }
}

/** The rows of messages, made in turn with other work. */
async function rowsOf(messages: Iterable<Numbered>, contents: FolderContents, modseq = 0): Promise<MessageRow[]> {
  const pace = new Pace()
  const rows: MessageRow[] = []
  for (const message of messages) {
    rows.push(contents.rowOf(message.uid as Uid, message, modseq))
    if (rows.length % AT_ONCE === 0 && pace.due) await pace.pause()
  }
  return rows
}

/** New names and keywords of messages that stay. */
function changes({result, keywordsChanged}: Findings, contents: FolderContents, gone: ReadonlySet<Uid>): StateChanges {
  const changed = new Map<number, StateChange>()
  const shared = (info: string) => contents.names.shared(info)
  for (const [uid, info] of result.renamed) if (!gone.has(uid)) changed.set(uid, {info: shared(info), flags: flagsOfName(info)})
  for (const base of keywordsChanged) {
    const uid = contents.uidOf(base)
    if (uid !== undefined && !gone.has(uid)) changed.set(uid, {...changed.get(uid), keywordSet: contents.keywordSetOf(base)})
  }
  return inOrder(changed)
}

interface Writing {
  readonly header: UidHeader
  /** Of all messages. */
  readonly lines: () => Iterable<readonly [base: string, uid: number]>
  /** The database on disk lacks nothing but these. */
  readonly more: readonly {readonly base: string; readonly uid: number}[] | undefined
  /** Who cannot do without: everybody (the UIDVALIDITY is new), new messages, nobody. */
  readonly needed: 'yes' | 'for-new' | 'no'
  /** It has to be there after a power cut. */
  readonly mustLast: boolean
}

/**
 * Puts the database on disk. `no`: nothing can be written there, and UIDs live in memory only, as in the original. `full`: the
 * disk is full, and new messages need it.
 */
async function write(
  {env, name, path, uidFile}: MergeOptions,
  {header, lines, more, needed, mustLast}: Writing,
): Promise<'yes' | 'no' | 'full'> {
  try {
    const added = more?.map(({base, uid}) => [base, uid] as const)
    const prepared = await (added ? uidFile.prepareMore(header, added, lines) : uidFile.prepare(header, lines()))
    await prepared.commit()
    if (mustLast) await env.files.syncDirectory(path)
    return 'yes'
  } catch (error) {
    env.log.warning('maildir.uid-database-not-written', {path, reason: String(error)})
    const fault = fileFault(error, `Cannot write the UID database of "${name}"`)
    if (needed === 'for-new' && isFull(fault)) return 'full'
    if (needed !== 'no' && !isReadOnly(fault)) throw fault
    return 'no'
  }
}
