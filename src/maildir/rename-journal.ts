/**
 * What a RENAME of several folders is about to move, kept in the Maildir while it does: when the process dies or the power
 * goes before the end, whoever opens the Maildir next makes the rest of the moves (`design.md` §7).
 *
 * Other programs see a file that means nothing to them. A process of ours that finds one of a process that lives leaves it, and
 * waits with a RENAME of its own: there is one journal. Within a process the caller makes one RENAME after the other.
 */
import {setTimeout} from 'node:timers/promises'
import {errnoOf, Fault} from '../support/fault.js'
import {isDead, type LockContext} from './dot-lock.js'
import type {MaildirFiles, Move} from './files.js'

const NAME = 'courierrename'
const LARGEST_BYTES = 16 * 1024 * 1024
/** How long a RENAME waits for another one. */
const WAIT_MS = 10_000
const STEP_MS = 100
/** A folder, or the rights of one, within the Maildir. */
const MOVABLE = /^(?:\.[^/]*[^/.][^/]*|courierimaphieracl\/[^/]*[^/.][^/]*)$/

interface Journal {
  /** `pid:host`, as in `courier.lock`. */
  readonly owner: string
  /** Paths below the Maildir, in octets. */
  readonly moves: readonly Move[]
}

/**
 * Says what is about to move; on disk when it answers. Waits for a RENAME of another process. `moves`: paths below `root`.
 *
 * @throws {Fault} `busy` when another one takes too long; what a file call throws
 */
export async function beginRename(root: string, moves: readonly Move[], context: LockContext): Promise<void> {
  const {files, names, pid, hostName, sleep = setTimeout} = context
  const journal: Journal = {owner: `${pid}:${hostName}`, moves: moves.map(({from, to}) => ({from: below(root, from), to: below(root, to)}))}
  const temporary = `${root}/tmp/${names.side('courierrename')}`
  try {
    await files.create(temporary, Buffer.from(JSON.stringify(journal), 'utf8'), {mode: 0o600, sync: true})
    for (let left = WAIT_MS; !(await isPublished(root, temporary, files)); left -= STEP_MS) {
      if (left <= 0) throw new Fault('busy', `Another RENAME in "${root}" has not ended`)
      await sleep(STEP_MS)
    }
  } finally {
    await files.unlink(temporary).catch(() => false) // one that stays is removed as a left-over
  }
  try {
    await files.syncDirectory(root)
  } catch (error) {
    await endRename(root, context).catch(() => {}) // the first error counts
    throw error
  }
}

/** Gives the journal its name; false: there is one. A file that is none of ours is in nobody's way. */
async function isPublished(root: string, temporary: string, files: MaildirFiles): Promise<boolean> {
  const path = `${root}/${NAME}`
  try {
    await files.link(temporary, path)
    return true
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error
  }
  const text = await files.readFile(path, LARGEST_BYTES)
  if (text && !parse(text)) await files.unlink(path)
  return false
}

/** All has moved, or nothing has, and is on disk. A power cut may bring the journal back, which then finds nothing to do. */
export async function endRename(root: string, {files}: Pick<LockContext, 'files'>): Promise<void> {
  await files.unlink(`${root}/${NAME}`)
}

/**
 * Makes the moves that a RENAME which was cut off has left. Answers with the folders that moved, as paths; undefined when
 * there was nothing to do. @throws what a file call throws
 */
export async function completeRename(root: string, context: LockContext): Promise<readonly string[] | undefined> {
  const {files} = context
  const facts = files.stat(`${root}/${NAME}`)
  if (facts?.kind !== 'file') return undefined
  const text = await files.readFile(`${root}/${NAME}`, LARGEST_BYTES)
  const journal = text && parse(text)
  if (!journal || !isDead(journal.owner, context.nowMs() - Number(facts.mtimeNs / 1_000_000n), context)) return undefined
  const moved: string[] = []
  for (const {from, to} of journal.moves) {
    // Both are there when somebody has made the old name again: it is another folder.
    if (!files.stat(`${root}/${from}`) || files.stat(`${root}/${to}`)) continue
    await files.rename(`${root}/${from}`, `${root}/${to}`).catch((error: unknown) => {
      if (errnoOf(error) !== 'ENOENT') throw error
    })
    if (to.startsWith('.')) moved.push(`${root}/${to}`)
  }
  await files.syncDirectory(root)
  await endRename(root, context)
  return moved
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
