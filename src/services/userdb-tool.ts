import {lstat} from 'node:fs/promises'
import {join} from 'node:path'
import type {TryLock} from '../auth/native.js'
import {setFields, unsetFields} from '../auth/userdb/change-fields.js'
import {withLock} from '../auth/userdb/lock.js'
import {editPaths} from '../auth/userdb/paths.js'
import {parseFields} from '../auth/userdb/record.js'
import {changeRecord, followLinks, recordNames, recordText} from '../auth/userdb/text-file.js'
import {authDirectory} from '../config/config-directory.js'
import {Fault} from '../support/fault.js'
import {octetsOf, type Tool, type ToolIo, textOf} from './tool.js'
import {type UserdbRequest, userdbOptions, userdbRequest} from './userdb-arguments.js'

type ShowRequest = Extract<UserdbRequest, {kind: 'show'}>
type ChangeRequest = Extract<UserdbRequest, {kind: 'change'}>

/** `userdb`: changes and shows records of userdb text, with the arguments, output and exit codes of the original (`spec/auth.md` §4). */
export const userdbTool: Tool = async (args, io) => {
  const {config, json, words} = userdbOptions(args)
  const userdb = join(authDirectory(config, io.env), 'userdb')
  try {
    if (await isLink(userdb)) throw new Fault('io-error', `ERROR: Wrong userdb command.\n       (${userdb} is a symbolic link)`)
    const request = userdbRequest(words, userdb, json)
    if (request.kind === 'usage') return usage(io)
    if (request.kind === 'batch')
      return await (await import('./userdb-batch.js')).runBatch(io.input, {file: request.file, userdb, tryLock: await exclusive()})
    if (!isWritable(request)) throw new Fault('invalid-name', 'Invalid field or value.')
    const file = await followLinks(request.file)
    return request.kind === 'show' ? await locked(file, OPENED, () => show(request, file, io)) : await change(request, file, io)
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    io.err(octetsOf(`${error.message}\n`))
    return 1
  }
}

function usage({program, out}: ToolIo): number {
  out(
    octetsOf(`Usage: ${program} [path/.../ | -f file ]name set field=value field=value...
       ${program} [path/.../ | -f file ]name unset field field...
       ${program} [path/.../ | -f file ]name del
       ${program} -show [path/... | -f file ] [name]
`),
  )
  return 1
}

async function isLink(path: string): Promise<boolean> {
  return lstat(path).then(
    (found) => found.isSymbolicLink(),
    () => false,
  )
}

/**
 * Whether everything can stand in a line of userdb. The original does not look at the name: one with TAB or LF is never
 * found again, one with `#` is a comment. U+FFFD stands for octets that are not UTF-8, which Node's arguments have lost.
 */
function isWritable(request: ShowRequest | ChangeRequest): boolean {
  if (request.items.some((item) => /[|\n\uFFFD]/.test(item))) return false
  return request.kind === 'show' || !/^#|^\.$|[\t\n\uFFFD]/.test(request.name)
}

/** Loaded when something is changed: showing needs half of the time without it. */
async function exclusive(): Promise<TryLock> {
  return (await import('../auth/native.js')).loadTryLock()
}

/**
 * Courier: the file is locked to be shown as well. Files are replaced as a whole, so who reads sees one or the other; what
 * stays of it is that the lock file is made, and that a directory where it cannot be is told.
 */
const OPENED: TryLock = () => true

function locked<T>(file: string, tryLock: TryLock, work: () => Promise<T>): Promise<T> {
  return withLock({path: editPaths(file).lock, mode: 0o600, tryLock}, work)
}

async function show({name, json}: ShowRequest, file: string, io: ToolIo): Promise<number> {
  if (name === undefined) return json ? showNamesAsJson(file, io) : showNames(file, io)
  const text = await recordText(file, octetsOf(name))
  if (json) io.out(octetsOf(`${JSON.stringify(text === undefined ? null : asJson(name, text))}\n`))
  else if (text !== undefined) io.out(`${text.replaceAll('|', '\n')}\n`)
  return 0
}

async function showNames(file: string, io: ToolIo): Promise<number> {
  for await (const record of recordNames(file)) io.out(`${record}\n`)
  return 0
}

async function showNamesAsJson(file: string, io: ToolIo): Promise<number> {
  let before = '['
  for await (const record of recordNames(file)) {
    io.out(octetsOf(`${before}${JSON.stringify(textOf(record))}`))
    before = ',\n'
  }
  io.out(before === '[' ? '[]\n' : ']\n')
  return 0
}

/** A bare field has the value null; of doubled ones the first counts, as at login. */
function asJson(name: string, text: string): object {
  const fields = new Map<string, string | null>()
  for (const field of parseFields(text)) {
    const key = textOf(field.name)
    if (!fields.has(key)) fields.set(key, field.value === undefined ? null : textOf(field.value))
  }
  return {name, fields: Object.fromEntries(fields)}
}

async function change({verb, name, items}: ChangeRequest, file: string, io: ToolIo): Promise<number> {
  const record = octetsOf(name)
  if (verb === 'set') {
    // Before the lock is taken: nobody waits for somebody who types.
    const fields = await withValues(name, items, io)
    if (!fields) return 1
    await locked(file, await exclusive(), () => changeRecord(file, record, (text) => ({fields: setFields(text, fields)})))
    return 0
  }
  return locked(file, await exclusive(), async () => {
    if (verb === 'unset') {
      const names = items.map(octetsOf)
      if (names.length > 0) await changeRecord(file, record, (text) => (text === undefined ? 'keep' : {fields: unsetFields(text, names)}))
      return 0
    }
    if (verb !== 'del' || items.length > 0) return usage(io)
    await changeRecord(file, record, (text) => (text === undefined ? 'keep' : 'delete'))
    return 0
  })
}

/** The fields as octets; a value for each bare one is read from standard input. Undefined when that ends too early. */
async function withValues(name: string, items: readonly string[], io: ToolIo): Promise<string[] | undefined> {
  const fields: string[] = []
  for (const item of items) {
    if (item.includes('=')) {
      fields.push(octetsOf(item))
      continue
    }
    if (io.inputIsTerminal) io.out(octetsOf(`${name}.${item}: `))
    const value = (await io.input.next())?.toString('latin1')
    if (value === undefined) return undefined
    if (value.includes('|')) throw new Fault('invalid-name', 'Invalid value.')
    fields.push(`${octetsOf(item)}=${value}`)
  }
  return fields
}
