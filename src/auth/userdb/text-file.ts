import {type FileHandle, open, readlink} from 'node:fs/promises'
import {dirname, isAbsolute, join} from 'node:path'
import {replaceFile} from '../../support/atomic-file.js'
import {errnoOf, Fault} from '../../support/fault.js'
import {systemText} from '../../support/system-text.js'
import {formatLine, parseLine} from './line.js'
import {LineSplitter, type PlacedLine} from './line-splitter.js'
import {editPaths} from './paths.js'

const CHUNK = 64 * 1024
const LINE_FEED = 0x0a
const MAX_LINKS = 40

/** The file that a path with symbolic links leads to; a missing one is no error. */
export async function followLinks(path: string): Promise<string> {
  let file = path
  for (let links = 0; links < MAX_LINKS; links += 1) {
    const target = await readlink(file).catch(() => undefined)
    if (target === undefined) return file
    file = isAbsolute(target) ? target : join(dirname(file), target)
  }
  throw new Fault('io-error', `${path}: Too many levels of symbolic links`)
}

/** All records in file order, with the text of their fields. A missing file has none. */
export async function* allRecords(file: string): AsyncGenerator<{readonly name: string; readonly fields: string}> {
  await using source = await openText(file)
  if (!source) return
  for await (const line of linesOf(source.handle, file)) {
    const name = nameOf(line.text)
    if (name !== undefined) yield {name, fields: fieldsOf(line)}
  }
}

/** Names of all records in file order, with reverse entries and lines without TAB. A missing file has none. */
export async function* recordNames(file: string): AsyncGenerator<string> {
  await using source = await openText(file)
  if (!source) return
  for await (const {text} of linesOf(source.handle, file)) {
    const name = nameOf(text)
    if (name !== undefined) yield name
  }
}

/** The text of the fields of the first record of that name (octets), undefined when there is none. */
export async function recordText(file: string, name: string): Promise<string | undefined> {
  await using source = await openText(file)
  const line = source && (await findLine(source.handle, file, name))
  return line && fieldsOf(line)
}

/** What happens to a record: a new text of its fields, its end, or nothing at all. */
export type RecordChange = {readonly fields: string} | 'delete' | 'keep'

/**
 * Changes the first record of that name, or appends one: `change` gets the text of its fields, undefined when there is none.
 * All other lines stay as they are, octet for octet; the file is replaced as a whole and keeps its mode (`spec/auth.md` §4.2).
 *
 * The caller holds the lock of the file.
 *
 * @throws {Fault} `io-error`
 */
export async function changeRecord(file: string, name: string, change: (fields: string | undefined) => RecordChange): Promise<void> {
  await using source = await openText(file)
  const line = source && (await findLine(source.handle, file, name))
  const result = change(line && fieldsOf(line))
  if (result === 'keep') return
  const text = result === 'delete' ? '' : `${formatLine(name, result.fields)}\n`
  const mode = source ? source.mode : 0o600
  try {
    await replaceFile({path: file, temporary: editPaths(file).temporary, mode}, async (target) => {
      const size = source?.size ?? 0
      if (source) await copyRange(source.handle, target, {start: 0, end: line?.start ?? size})
      if (source && !line && !(await endsLine(source.handle, size))) await target.writeFile('\n')
      await target.writeFile(Buffer.from(text, 'latin1'))
      if (source && line) await copyRange(source.handle, target, {start: line.end, end: size})
    })
  } catch (error) {
    throw error instanceof Fault ? error : new Fault('io-error', `${file}: ${systemText(error)}`, {cause: error})
  }
}

/** An open file of userdb text. */
export interface OpenText extends AsyncDisposable {
  readonly handle: FileHandle
  readonly size: number
  readonly mode: number
}

/** Undefined when there is no such file. @throws {Fault} `io-error` when it is no file or cannot be read */
export async function openText(file: string): Promise<OpenText | undefined> {
  let handle: FileHandle
  try {
    handle = await open(file, 'r')
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw new Fault('io-error', `${file}: ${systemText(error)}`, {cause: error})
  }
  const found = await handle.stat()
  if (!found.isFile()) {
    await handle.close()
    throw new Fault('io-error', `${file}: not a file.`)
  }
  return {handle, size: found.size, mode: found.mode & 0o777, [Symbol.asyncDispose]: () => handle.close()}
}

/** The lines of an open file. */
export async function* linesOf(handle: FileHandle, file: string): AsyncGenerator<PlacedLine> {
  const splitter = new LineSplitter(file)
  const chunk = Buffer.allocUnsafe(CHUNK)
  for (let position = 0; ; ) {
    const {bytesRead} = await handle.read(chunk, 0, CHUNK, position)
    if (bytesRead === 0) break
    position += bytesRead
    yield* splitter.push(chunk.subarray(0, bytesRead))
  }
  yield* splitter.end()
}

async function findLine(handle: FileHandle, file: string, name: string): Promise<PlacedLine | undefined> {
  for await (const line of linesOf(handle, file)) if (nameOf(line.text) === name) return line
  return undefined
}

/** Name of the record on a line, undefined when there is none. */
export function nameOf(text: string): string | undefined {
  const line = parseLine(text)
  return line.kind === 'record' || line.kind === 'bare' ? line.name : undefined
}

/** The text of the fields on a line; a line without TAB has none. */
export function fieldsOf({text}: Pick<PlacedLine, 'text'>): string {
  const line = parseLine(text)
  return line.kind === 'record' ? line.fields : ''
}

async function copyRange(from: FileHandle, to: FileHandle, {start, end}: {readonly start: number; readonly end: number}): Promise<void> {
  const chunk = Buffer.allocUnsafe(CHUNK)
  for (let position = start; position < end; ) {
    const {bytesRead} = await from.read(chunk, 0, Math.min(CHUNK, end - position), position)
    if (bytesRead === 0) return
    await to.writeFile(chunk.subarray(0, bytesRead))
    position += bytesRead
  }
}

async function endsLine(handle: FileHandle, size: number): Promise<boolean> {
  if (size === 0) return true
  const last = Buffer.alloc(1)
  await handle.read(last, 0, 1, size - 1)
  return last[0] === LINE_FEED
}
