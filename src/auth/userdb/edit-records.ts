import type {FileHandle} from 'node:fs/promises'
import {replaceFile} from '../../support/atomic-file.js'
import {Fault} from '../../support/fault.js'
import {systemText} from '../../support/system-text.js'
import {formatLine} from './line.js'
import {editPaths} from './paths.js'
import {fieldsOf, linesOf, nameOf, type OpenText, openText} from './text-file.js'

const CHUNK = 64 * 1024

/** What becomes of a record: the text of its fields before and after, undefined when there is none. */
export type RecordEdit = (fields: string | undefined) => string | undefined

export interface EditOptions {
  /** By name; new records are appended in this order. Names and fields are octets. */
  readonly edits: ReadonlyMap<string, RecordEdit>
  /** What becomes of all other records, and of a name's second and later lines. Comments stay. */
  readonly others: 'keep' | 'remove'
}

/**
 * Changes many records in one pass: all changes are made or none. What is not changed stays as it is, octet for octet; a
 * missing final LF is added. The caller holds the lock of the file.
 *
 * @throws {Fault} `io-error`
 */
export async function editRecords(file: string, options: EditOptions): Promise<void> {
  await using source = await openText(file)
  try {
    await replaceFile({path: file, temporary: editPaths(file).temporary, mode: source ? source.mode : 0o600}, (target) =>
      writeEdited({source, file, target, ...options}),
    )
  } catch (error) {
    throw error instanceof Fault ? error : new Fault('io-error', `${file}: ${systemText(error)}`, {cause: error})
  }
}

interface WriteOptions extends EditOptions {
  readonly source: OpenText | undefined
  readonly file: string
  readonly target: FileHandle
}

async function writeEdited({source, file, target, edits, others}: WriteOptions): Promise<void> {
  let pending = ''
  const add = async (line: string) => {
    pending += `${line}\n`
    if (pending.length < CHUNK) return
    await target.writeFile(Buffer.from(pending, 'latin1'))
    pending = ''
  }
  const seen = new Set<string>()
  if (source) {
    for await (const line of linesOf(source.handle, file)) {
      const name = nameOf(line.text)
      const edit = name === undefined || seen.has(name) ? undefined : edits.get(name)
      if (name === undefined || (!edit && others === 'keep')) await add(line.text)
      if (name === undefined || !edit) continue
      seen.add(name)
      const before = fieldsOf(line)
      const after = edit(before)
      if (after !== undefined) await add(after === before ? line.text : formatLine(name, after))
    }
  }
  for (const [name, edit] of edits) {
    const after = seen.has(name) ? undefined : edit(undefined)
    if (after !== undefined) await add(formatLine(name, after))
  }
  await target.writeFile(Buffer.from(pending, 'latin1'))
}
