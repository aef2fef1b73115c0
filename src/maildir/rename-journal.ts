/**
 * What a RENAME of several folders is about to move, kept in the Maildir while it does: when the process dies or the power
 * goes before the end, whoever opens the Maildir next makes the rest of the moves (`design.md` §7).
 *
 * Other programs see a file that means nothing to them. A process of ours that finds one of a process that lives leaves it, and
 * waits with a RENAME of its own: there is one journal. One of a dead process becomes that of who finds it, under a lock: of
 * two that find it one completes it, and none removes the next journal of the other. Within a process the caller makes one
 * RENAME after the other.
 */
import {posix} from 'node:path'
import {setTimeout} from 'node:timers/promises'
import {errnoOf, Fault} from '../support/fault.js'
import {Pace} from '../support/pace.js'
import {FolderLock, isDead, type LockContext, ownerText} from './dot-lock.js'
import {isSameFile} from './file-facts.js'
import {fileFault} from './file-fault.js'
import type {FileFacts, MaildirFiles, Move} from './files.js'

const NAME = 'courierrename'
const LARGEST_BYTES = 16 * 1024 * 1024
const STEP_MS = 100
/** How long to wait for those who look whether a journal was left behind: they do it in a moment. */
const LOCK_MS = 5000
/** A journal that nobody has touched for so long was left behind, whoever has the id of its process now. */
const LEFT_MS = 120_000
/** Who is at work touches it this often. */
const KEEP_MS = 30_000
/** A folder, or the rights of one, within the Maildir. */
const MOVABLE = /^(?:\.[^/]*[^/.][^/]*|courierimaphieracl\/[^/]*[^/.][^/]*)$/

interface Journal {
  /** `pid:host`, as in `courier.lock`. */
  readonly owner: string
  /** Paths below the Maildir, in octets. */
  readonly moves: readonly Move[]
}

/** What other processes find while a RENAME moves folders. */
export class RenameJournal {
  readonly #path: string
  readonly #context: LockContext
  #facts: FileFacts

  constructor(path: string, facts: FileFacts, context: LockContext) {
    this.#path = path
    this.#facts = facts
    this.#context = context
  }

  /** To be called between moves: others see that this one goes on, however long it takes. @throws what a file call throws */
  async keep(): Promise<void> {
    const {files, nowMs} = this.#context
    if (Math.abs(ageMs(this.#facts, nowMs())) < KEEP_MS || !this.#isOurs()) return
    await files.touch(this.#path, nowMs())
    this.#facts = files.stat(this.#path) ?? this.#facts
  }

  /** All has moved, or nothing has, and is on disk. A power cut may bring the journal back, which then finds nothing to do. */
  async end(): Promise<void> {
    if (this.#isOurs()) await this.#context.files.unlink(this.#path)
  }

  /** Nobody has taken us for dead, and its place. */
  #isOurs(): boolean {
    return isSameFile(this.#context.files.stat(this.#path), this.#facts)
  }
}

/**
 * Says what is about to move; on disk when it answers. undefined: there is another RENAME (see `awaitRename`).
 * `moves`: paths below `root`.
 *
 * @throws {Fault} `busy`; what a file call throws
 */
export async function beginRename(root: string, moves: readonly Move[], context: LockContext): Promise<RenameJournal | undefined> {
  const {files} = context
  const path = `${root}/${NAME}`
  const relative = moves.map(({from, to}) => ({from: below(root, from), to: below(root, to)}))
  const written = await writeJournal(root, relative, context)
  try {
    await files.link(written.path, path)
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error
    await removeForeign(root, context)
    return undefined
  } finally {
    await files.unlink(written.path).catch(() => false) // one that stays is removed as a left-over
  }
  const journal = new RenameJournal(path, written.facts, context)
  try {
    await files.syncDirectory(root)
  } catch (error) {
    await journal.end().catch(() => {}) // the first error counts
    throw error
  }
  return journal
}

/**
 * Waits while there is a RENAME of another process that lives, at least for a moment. Answers with what is left of the time.
 *
 * @throws {Fault} `busy` when it has not ended in `leftMs`; what a file call throws
 */
export async function awaitRename(root: string, context: LockContext, leftMs: number): Promise<number> {
  const {sleep = setTimeout} = context
  let left = leftMs
  do {
    if (left <= 0) throw new Fault('busy', `Another RENAME in "${root}" has not ended`)
    await sleep(STEP_MS)
    left -= STEP_MS
  } while (isLiving(await lookedUp(root, context), context))
  return left
}

/** @throws {Fault} */
async function lookedUp(root: string, context: LockContext): Promise<Found | undefined> {
  try {
    return await find(root, context)
  } catch (error) {
    throw fileFault(error, `Cannot read the RENAME of another process in "${root}"`)
  }
}

/** What was moved is on disk. A directory that is gone by now holds none of it. */
export async function syncMoves(moves: readonly Move[], files: MaildirFiles): Promise<void> {
  for (const directory of new Set(moves.map(({to}) => posix.dirname(to)))) {
    await files.syncDirectory(directory).catch((error: unknown) => {
      if (errnoOf(error) !== 'ENOENT') throw error
    })
  }
}

/**
 * Makes the moves that a RENAME which was cut off has left. Answers with the folders that moved, as paths; undefined when
 * there was nothing to do. @throws {Fault} `busy`; what a file call throws
 */
export async function completeRename(root: string, context: LockContext): Promise<readonly string[] | undefined> {
  const {files} = context
  const left = await find(root, context)
  if (!left?.moves || isLiving(left, context)) return undefined
  const taken = await takeOver(root, context)
  if (!taken) return undefined
  const moved: string[] = []
  const pace = new Pace()
  for (const {from, to} of taken.moves) {
    if (pace.due) await pace.pause()
    await taken.journal.keep()
    // Both are there when somebody has made the old name again: it is another folder.
    if (!files.stat(from) || files.stat(to)) continue
    await files.rename(from, to).catch((error: unknown) => {
      if (errnoOf(error) !== 'ENOENT') throw error
    })
    if (posix.dirname(to) === root) moved.push(to)
  }
  await syncMoves(taken.moves, files)
  await taken.journal.end()
  return moved
}

/** Makes the journal of a dead process that of this one, so that one of many completes it. undefined: another one was faster. */
function takeOver(root: string, context: LockContext): Promise<{journal: RenameJournal; moves: readonly Move[]} | undefined> {
  return withLock(root, context, async () => {
    const left = await find(root, context)
    if (!left?.moves || isLiving(left, context)) return undefined
    const written = await writeJournal(root, left.moves, context)
    try {
      await context.files.rename(written.path, `${root}/${NAME}`)
    } catch (error) {
      await context.files.unlink(written.path).catch(() => false) // the first error counts
      throw error
    }
    const moves = left.moves.map(({from, to}) => ({from: `${root}/${from}`, to: `${root}/${to}`}))
    return {journal: new RenameJournal(`${root}/${NAME}`, written.facts, context), moves}
  })
}

/** A file of that name that is no journal is in nobody's way. */
async function removeForeign(root: string, context: LockContext): Promise<void> {
  const isForeign = async () => {
    const found = await find(root, context)
    return found !== undefined && !found.moves
  }
  if (!(await isForeign())) return
  await withLock(root, context, async () => {
    if (await isForeign()) await context.files.unlink(`${root}/${NAME}`)
  })
}

/** Nobody else takes a journal away that is not his own. */
async function withLock<T>(root: string, context: LockContext, task: () => Promise<T>): Promise<T> {
  const lock = await new FolderLock(root, context, `${NAME}.lock`).take({waitMs: LOCK_MS})
  try {
    return await task()
  } finally {
    await lock.release()
  }
}

/** A journal of this process, on disk, in `tmp/`. */
async function writeJournal(root: string, moves: readonly Move[], context: LockContext): Promise<{path: string; facts: FileFacts}> {
  const {files, names} = context
  const journal: Journal = {owner: ownerText(context), moves}
  const path = `${root}/tmp/${names.side('courierrename')}`
  const facts = await files.create(path, Buffer.from(JSON.stringify(journal), 'utf8'), {mode: 0o600, sync: true})
  return {path, facts}
}

/** What stands at the name of the journal. */
interface Found extends Partial<Journal> {
  readonly facts: FileFacts
}

async function find(root: string, {files}: Pick<LockContext, 'files'>): Promise<Found | undefined> {
  const path = `${root}/${NAME}`
  for (;;) {
    const facts = files.stat(path)
    if (!facts) return undefined
    if (facts.kind !== 'file' || facts.size > LARGEST_BYTES) return {facts}
    const text = await files.readFile(path, LARGEST_BYTES)
    if (text && isSameFile(files.stat(path), facts)) return {...parse(text), facts}
  }
}

/** The process whose journal this is goes on: it lives, and has touched it not long ago. Ids of processes are given again. */
function isLiving(found: Found | undefined, context: LockContext): boolean {
  if (found?.owner === undefined) return false
  const age = ageMs(found.facts, context.nowMs())
  return age <= LEFT_MS && !isDead(found.owner, age, context)
}

function ageMs({mtimeNs}: FileFacts, nowMs: number): number {
  return nowMs - Number(mtimeNs / 1_000_000n)
}

function below(root: string, path: string): string {
  return path.slice(root.length + 1)
}

/** undefined: it is nothing that we have written. */
function parse(text: Buffer): Journal | undefined {
  try {
    const journal: unknown = JSON.parse(text.toString('utf8'))
    return isJournal(journal) ? journal : undefined
  } catch {
    return undefined
  }
}

function isJournal(value: unknown): value is Journal {
  const {owner, moves} = (value ?? {}) as {readonly owner?: unknown; readonly moves?: unknown}
  return typeof owner === 'string' && Array.isArray(moves) && moves.every(isMove)
}

function isMove(value: unknown): value is Move {
  const {from, to} = (value ?? {}) as {readonly from?: unknown; readonly to?: unknown}
  return typeof from === 'string' && typeof to === 'string' && MOVABLE.test(from) && MOVABLE.test(to)
}
