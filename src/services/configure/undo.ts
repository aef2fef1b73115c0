/** What the last `courier configure` changed, so that it can be taken back. */
import {join} from 'node:path'
import {errnoOf, Fault} from '../../support/fault.js'
import type {FileState} from './file-state.js'
import {putState, readState, removeState} from './file-state.js'
import {type Change, sameState} from './plan.js'

const NAME = '.configure-undo.json'
const PRIVATE = 0o600

interface UndoRecord {
  /** False while the changes are being made: an interrupted run is completed by the next one. */
  readonly complete: boolean
  readonly changes: readonly Change[]
}

function isState(value: unknown): value is FileState {
  const state = value as Partial<FileState> | undefined
  return typeof state?.text === 'string' && [state.mode, state.uid, state.gid].every((number) => Number.isSafeInteger(number))
}

function isRecord(value: unknown): value is UndoRecord {
  const {complete, changes} = (value ?? {}) as Partial<UndoRecord>
  const isChange = ({path, before, after}: Partial<Change>) =>
    typeof path === 'string' && [before, after].every((state) => state === undefined || isState(state))
  return typeof complete === 'boolean' && Array.isArray(changes) && changes.every(isChange)
}

async function readRecord(directory: string): Promise<UndoRecord | undefined> {
  const path = join(directory, NAME)
  const state = await readState(path)
  if (!state) return undefined
  try {
    const value: unknown = JSON.parse(Buffer.from(state.text, 'latin1').toString('utf8'))
    if (isRecord(value)) return value
  } catch {
    // Told below.
  }
  throw new Fault('io-error', `${path} cannot be read; remove it to go on without undoing earlier changes`)
}

async function writeRecord(directory: string, record: UndoRecord): Promise<void> {
  const text = Buffer.from(`${JSON.stringify(record)}\n`, 'utf8').toString('latin1')
  const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0]
  await putState(join(directory, NAME), {text, mode: PRIVATE, uid, gid})
}

/**
 * Makes the changes, each file as a whole. What was there is kept for `undoChanges` before the first file is touched; after an
 * interrupted run the state before that one counts.
 */
export async function applyChanges(directory: string, changes: readonly Change[]): Promise<void> {
  const last = await readRecord(directory)
  const interrupted = last && !last.complete ? last.changes : []
  const first = new Map(interrupted.map((change) => [change.path, change]))
  for (const change of changes)
    first.set(change.path, {...change, before: first.has(change.path) ? first.get(change.path)?.before : change.before})
  const record = [...first.values()]
  await writeRecord(directory, {complete: false, changes: record})
  for (const {path, after} of changes) await (after ? putState(path, after) : removeState(path))
  await writeRecord(directory, {complete: true, changes: record})
}

/** What taking back the last run would change. @throws {Fault} `no-access` when files were changed since then, unless `force` */
export async function undoPlan(directory: string, {force}: {readonly force: boolean}): Promise<readonly Change[]> {
  const record = await readRecord(directory)
  if (!record) throw new Fault('no-access', `There is nothing to undo in ${directory}`)
  const touched: string[] = []
  const changes: Change[] = []
  for (const {path, before, after} of record.changes) {
    const now = await readState(path).catch((error: unknown) => {
      if (errnoOf(error) === 'ENOENT') return undefined
      throw error
    })
    if (!sameText(now, after) && !sameText(now, before)) touched.push(path)
    if (!sameState(now, before)) changes.push({path, before: now, after: before})
  }
  if (touched.length > 0 && !force)
    throw new Fault('no-access', `Changed since then: ${touched.join(', ')}. --force gives these changes up`)
  return changes
}

function sameText(one: FileState | undefined, other: FileState | undefined): boolean {
  return one?.text === other?.text
}

export async function undoChanges(directory: string, changes: readonly Change[]): Promise<void> {
  for (const {path, after} of changes) await (after ? putState(path, after) : removeState(path))
  await removeState(join(directory, NAME))
}
