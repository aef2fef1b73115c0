import {createReadStream} from 'node:fs'
import {stat} from 'node:fs/promises'
import {extname, join} from 'node:path'
import type {Readable} from 'node:stream'
import {text as textFrom} from 'node:stream/consumers'
import {loadTryLock} from '../auth/native.js'
import {setFields} from '../auth/userdb/change-fields.js'
import {compareRecords, type RecordDifference} from '../auth/userdb/compare.js'
import {editRecords, type RecordEdit} from '../auth/userdb/edit-records.js'
import {checkRecord, type ExchangedRecord, fieldsText, isSecretField, nameOctets, toExchange} from '../auth/userdb/exchange.js'
import {formatCsvLine, formatCsvRecord, parseCsvRecords} from '../auth/userdb/exchange-csv.js'
import {formatJsonRecord, parseJsonRecords} from '../auth/userdb/exchange-json.js'
import {withLock} from '../auth/userdb/lock.js'
import {editPaths} from '../auth/userdb/paths.js'
import {parseFields} from '../auth/userdb/record.js'
import {userdbSources} from '../auth/userdb/source.js'
import {allRecords, followLinks} from '../auth/userdb/text-file.js'
import {authDirectory} from '../config/config-directory.js'
import {BadSyntax, Fault} from '../support/fault.js'
import {isGdbm, readGdbm} from '../support/gdbm-reader.js'

export type ExchangeFormat = 'json' | 'csv'

/** Largest file that is read as a whole. */
const MAX_OCTETS = 256 * 1024 * 1024

export interface UserdbPlace {
  /** `-f FILE`. */
  readonly file: string | undefined
  readonly config: string | undefined
  readonly env: NodeJS.ProcessEnv
}

/** The userdb that is meant: `-f FILE`, or the default. */
export function userdbPath({file, config, env}: UserdbPlace): string {
  return file ?? join(authDirectory(config, env), 'userdb')
}

/** The form of a file by the end of its name. @throws {Fault} `bad-configuration` */
export function formatOf(path: string): ExchangeFormat {
  const ending = extname(path).toLowerCase()
  if (ending === '.json' || ending === '.csv') return ending === '.json' ? 'json' : 'csv'
  throw new Fault('bad-configuration', `"${path}" ends neither in .json nor in .csv: say which it is with --format`)
}

/**
 * The records of a file in a form of ours, `-` for standard input; checked, and every name once.
 *
 * @throws {Fault} `io-error`, `bad-configuration` with the place of the first error
 */
export async function readExchange(path: string, format: ExchangeFormat, stdin: Readable): Promise<readonly ExchangedRecord[]> {
  const text = await contentOf(path, stdin)
  try {
    const records = format === 'json' ? parseJsonRecords(text) : parseCsvRecords(text)
    const names = new Set<string>()
    for (const [index, record] of records.entries()) {
      checkRecord(record, `Record ${index + 1}`)
      if (names.has(record.name)) throw new BadSyntax(`Record ${index + 1}: ${JSON.stringify(record.name)} occurs twice`)
      names.add(record.name)
    }
    return records
  } catch (error) {
    if (error instanceof BadSyntax) throw new Fault('bad-configuration', `${path}: ${error.message}`)
    throw error
  }
}

async function contentOf(path: string, stdin: Readable): Promise<string> {
  try {
    if (path === '-') return await textFrom(stdin)
    const {size} = await stat(path)
    if (size > MAX_OCTETS) throw new Fault('too-large', `"${path}" is larger than ${MAX_OCTETS} octets`)
    return await textFrom(createReadStream(path))
  } catch (error) {
    if (error instanceof Fault) throw error
    throw new Fault('io-error', `Cannot read "${path}"`, {cause: error})
  }
}

export interface ExportOptions {
  readonly source: string
  readonly format: ExchangeFormat
  /** Leave fields out that are passwords. */
  readonly withoutPasswords: boolean
  readonly print: (text: string) => void
  /** What could not be said faithfully. */
  readonly warn: (text: string) => void
}

/**
 * Prints all records of userdb text (a file or a directory), or of a `userdb.dat`.
 *
 * @throws {Fault} `io-error`
 */
export async function exportUserdb({source, format, withoutPasswords, print, warn}: ExportOptions): Promise<void> {
  const records = async function* () {
    for await (const {name, fields} of recordsAt(source)) yield only(toExchange(name, fields), withoutPasswords)
  }
  const columns = new Set<string>()
  if (format === 'csv') {
    for await (const {fields} of records()) for (const field of fields.keys()) columns.add(field)
    print(formatCsvLine(['name', ...columns]))
  }
  let before = '['
  for await (const record of records()) {
    const line = format === 'csv' ? formatCsvRecord(record, [...columns]) : formatJsonRecord(record)
    if (line.includes('\uFFFD')) warn(`${JSON.stringify(record.name)} has octets that are not UTF-8: they are lost here`)
    print(format === 'csv' ? line : `${before}${line}`)
    before = ',\n'
  }
  if (format === 'json') print(before === '[' ? '[]\n' : ']\n')
}

function only(record: ExchangedRecord, withoutPasswords: boolean): ExchangedRecord {
  if (!withoutPasswords) return record
  return {name: record.name, fields: new Map([...record.fields].filter(([field]) => !isSecretField(field)))}
}

async function* recordsAt(source: string): AsyncGenerator<{readonly name: string; readonly fields: string}> {
  if (await isGdbm(source)) {
    for await (const [name, fields] of readGdbm(source)) yield {name, fields}
    return
  }
  for (const {path} of await userdbSources(source)) yield* allRecords(path.toString())
}

/**
 * Sets the fields of all records, as one `userdb NAME set` for each would, in one pass.
 *
 * @throws {Fault} `io-error`
 */
export async function importUserdb(source: string, records: readonly ExchangedRecord[]): Promise<void> {
  const edits = new Map<string, RecordEdit>()
  for (const record of records) {
    const items = fieldsText(record)
      .split('|')
      .filter((item) => item !== '')
    edits.set(nameOctets(record), (text) => setFields(text, items))
  }
  const file = await followLinks(source)
  await locked(file, () => editRecords(file, {edits, others: 'keep'}))
}

/**
 * Makes the userdb hold exactly these records: others are removed, comments stay. With `dryRun` nothing is changed.
 *
 * @returns what was (or would be) done
 * @throws {Fault} `io-error`
 */
export async function applyUserdb(
  source: string,
  {records, dryRun}: {readonly records: readonly ExchangedRecord[]; readonly dryRun: boolean},
): Promise<readonly RecordDifference[]> {
  const file = await followLinks(source)
  const wanted = new Map(records.map((record) => [record.name, record]))
  return locked(file, async () => {
    const present = new Map<string, ExchangedRecord>()
    const known = new Set<string>()
    for await (const {name, fields} of allRecords(file)) {
      const record = toExchange(name, fields)
      known.add(name)
      if (!present.has(record.name)) present.set(record.name, record)
    }
    const differences = compareRecords(present, wanted)
    if (dryRun || (differences.length === 0 && known.size === present.size)) return differences
    const changed = new Set(differences.map(({name}) => name))
    const edits = new Map<string, RecordEdit>()
    for (const record of records) {
      edits.set(nameOctets(record), (text) => (text !== undefined && !changed.has(record.name) ? text : inOldOrder(text, record)))
    }
    await editRecords(file, {edits, others: 'remove'})
    return differences
  })
}

/** The wanted fields: those that were there keep their places. */
function inOldOrder(text: string | undefined, record: ExchangedRecord): string {
  const items = fieldsText(record)
    .split('|')
    .filter((item) => item !== '')
  const names = new Set(parseFields(fieldsText(record)).map(({name}) => name))
  const kept = parseFields(text ?? '').filter(({name}) => names.has(name))
  return setFields(kept.map(({name}) => name).join('|'), items)
}

function locked<T>(file: string, work: () => Promise<T>): Promise<T> {
  return withLock({path: editPaths(file).lock, mode: 0o600, tryLock: loadTryLock()}, work)
}

/** Differences for people: `+` added, `-` removed, `~` changed. Passwords are not shown. */
export function formatDifferences(differences: readonly RecordDifference[]): string {
  const sign = {add: '+', change: '~', remove: '-'} as const
  return differences
    .map(({name, change, fields}) => {
      const head = `${sign[change]} ${name}\n`
      if (change === 'remove') return head
      return head + fields.map((field) => formatFieldChange(field)).join('')
    })
    .join('')
}

function formatFieldChange({field, from, to}: {field: string; from: string | undefined; to: string | undefined}): string {
  const shown = (value: string) => `${field}=${isSecretField(field) ? '***' : value}`
  return `${from === undefined ? '' : `    - ${shown(from)}\n`}${to === undefined ? '' : `    + ${shown(to)}\n`}`
}

/** The same for programs. */
export function differencesAsJson(differences: readonly RecordDifference[]): object[] {
  const hidden = (field: string, value: string | undefined) => (value === undefined ? null : isSecretField(field) ? '***' : value)
  return differences.map(({name, change, fields}) => ({
    name,
    change,
    fields: Object.fromEntries(fields.map(({field, from, to}) => [field, {from: hidden(field, from), to: hidden(field, to)}])),
  }))
}
