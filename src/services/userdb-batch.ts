import type {TryLock} from '../auth/native.js'
import {setFields, unsetFields} from '../auth/userdb/change-fields.js'
import {editRecords, type RecordEdit} from '../auth/userdb/edit-records.js'
import {withLock} from '../auth/userdb/lock.js'
import {editPaths} from '../auth/userdb/paths.js'
import {followLinks} from '../auth/userdb/text-file.js'
import {BadSyntax, Fault} from '../support/fault.js'
import type {LineInput} from '../support/line-input.js'
import {commandWords} from './command-words.js'
import {octetsOf} from './tool.js'
import {placeOf} from './userdb-arguments.js'

const MAX_COMMANDS = 2_000_000

export interface BatchOptions {
  /** `-f FILE`: all names are in it, slashes included. */
  readonly file: string | undefined
  /** The default userdb. */
  readonly userdb: string
  readonly tryLock: TryLock
}

/**
 * Runs commands of standard input, one on each line as `userdb` has them: `ann set uid=5000 'gecos=Ann Lee'`, `ann unset
 * quota`, `bob del`. Values are given, as nothing else can be read. All lines are read first, and a wrong one changes
 * nothing; each file is then rewritten once.
 *
 * @throws {Fault} `invalid-name` with the line that is wrong, `io-error`
 */
export async function runBatch(input: LineInput, {file, userdb, tryLock}: BatchOptions): Promise<number> {
  const files = new Map<string, Map<string, RecordEdit>>()
  let number = 0
  for (let line = await input.next(); line !== undefined; line = await input.next()) {
    number += 1
    if (number > MAX_COMMANDS) throw new Fault('too-large', `More than ${MAX_COMMANDS} commands`)
    try {
      const command = readCommand(line)
      if (!command) continue
      const place = placeOf({file}, command.name, userdb)
      if (!place.name) throw new BadSyntax('the name is empty')
      addEdit(files, place.file, {name: octetsOf(place.name), edit: command.edit})
    } catch (error) {
      if (!(error instanceof BadSyntax)) throw error
      throw new Fault('invalid-name', `Line ${number}: ${error.message}. Nothing has been changed.`)
    }
  }
  for (const [path, edits] of files) {
    const target = await followLinks(path)
    await withLock({path: editPaths(target).lock, mode: 0o600, tryLock}, () => editRecords(target, {edits, others: 'keep'}))
  }
  return 0
}

function addEdit(
  files: Map<string, Map<string, RecordEdit>>,
  path: string,
  {name, edit}: {readonly name: string; readonly edit: RecordEdit},
): void {
  const edits = files.get(path) ?? new Map<string, RecordEdit>()
  const before = edits.get(name)
  edits.set(name, before ? (fields) => edit(before(fields)) : edit)
  files.set(path, edits)
}

/** Undefined for blank lines and comments. @throws {BadSyntax} without any value of the line: it may be a password */
function readCommand(line: Buffer): {readonly name: string; readonly edit: RecordEdit} | undefined {
  const text = line.toString('utf8')
  if (/^\s*(#|$)/.test(text)) return undefined
  const words = commandWords(text)
  if (!words) throw new BadSyntax('a quote that never ends')
  const [name = '', verb = '', ...items] = words
  if (/^#|^\.$|[\t\uFFFD]/.test(name) || name === '') throw new BadSyntax('this cannot be the name of an account')
  if (items.some((item) => /[|\uFFFD]/.test(item))) throw new BadSyntax('a field has a "|" or octets that are not UTF-8')
  return {name, edit: editFor(verb, items)}
}

function editFor(verb: string, items: readonly string[]): RecordEdit {
  const octets = items.map(octetsOf)
  if (verb === 'set') {
    if (items.some((item) => !item.includes('='))) throw new BadSyntax('a field without a value')
    return (fields) => setFields(fields, octets)
  }
  if (verb === 'unset') return (fields) => (fields === undefined || octets.length === 0 ? fields : unsetFields(fields, octets))
  if (verb !== 'del' || items.length > 0) throw new BadSyntax('expected NAME set FIELD=VALUE…, NAME unset FIELD… or NAME del')
  return () => undefined
}
