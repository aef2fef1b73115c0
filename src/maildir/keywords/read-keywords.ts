import {setImmediate} from 'node:timers/promises'
import {errnoOf, Fault} from '../../support/fault.js'
import type {FileFacts, MaildirFiles} from '../files.js'
import {agedName, keywordFileOf} from './keyword-names.js'
import {type KeywordList, type Keywords, parseList, parseSet, Spellings} from './keyword-text.js'

/** Octets of keywords that one message may have; larger files are left alone. */
const SET_MAX = 1024 * 1024
const LIST_MAX = 64 * 1024 * 1024
const READ_AGAIN_MAX = 1000
const YIELD_EVERY = 500

/** A set read from a file of its own, and which file it was. */
export interface FileSet {
  readonly name: string
  readonly facts: FileFacts
  readonly keywords: Keywords
}

/** All that `courierimapkeywords/` says. */
export interface KeywordDirectory {
  /** Newest sets, by message: they hide all others. */
  readonly pending: ReadonlyMap<string, FileSet>
  /** The aged set that counts, by message, when there is no pending one. */
  readonly aged: ReadonlyMap<string, FileSet>
  /** Largest number of an aged file, by message. */
  readonly numbers: ReadonlyMap<string, number>
  /** Aged files that a newer one hides. */
  readonly hidden: readonly string[]
  /** Files being written or left behind. */
  readonly others: readonly string[]
  readonly list: KeywordList
  /** What `:list` was read from; undefined: there is none. */
  readonly listFacts: FileFacts | undefined
  /** To be given to the next reading. */
  readonly memory: ReadMemory
}

/** What was read, for files that will still be the same: sets by inode (a file may have many names), and `:list`. */
export interface ReadMemory {
  readonly sets: ReadonlyMap<bigint, {readonly facts: FileFacts; readonly keywords: Keywords}>
  readonly list: {readonly facts: FileFacts; readonly list: KeywordList} | undefined
}

export const NOTHING_READ: ReadMemory = {sets: new Map(), list: undefined}

export interface ReadOptions {
  readonly files: MaildirFiles
  readonly before: ReadMemory
  /** Keywords whose spelling is known. */
  readonly known: Iterable<string>
}

/**
 * Reads the directory; undefined when there is none. Nothing is changed.
 *
 * A file that vanishes while it is read was renamed by a program that made it old: everything is read again. `:list`
 * is read last: whatever was moved into it before is still there as an aged file. Sets that cannot be read are left out.
 *
 * @throws {Fault} `busy` when files keep vanishing, `too-large` for `:list`
 */
export async function readKeywordDirectory(path: string, options: ReadOptions): Promise<KeywordDirectory | undefined> {
  for (let round = 0; round < READ_AGAIN_MAX; round += 1) {
    const result = await readOnce(path, options)
    if (result !== 'again') return result
  }
  throw new Fault('busy', `"${path}" changes faster than it can be read`)
}

async function readOnce(path: string, {files, before, known}: ReadOptions): Promise<KeywordDirectory | undefined | 'again'> {
  const names = await listOf(path, files)
  if (!names) return undefined
  const {pendingBases, numbers, hidden, others} = sortNames(names)
  const wanted = [...pendingBases].map((base) => ({base, name: base, isPending: true}))
  for (const [base, number] of numbers) if (!pendingBases.has(base)) wanted.push({base, name: agedName(base, number), isPending: false})

  const reader = new SetReader(files, before)
  const reads: {base: string; name: string; isPending: boolean; facts: FileFacts; content: SetContent}[] = []
  for (const one of wanted) {
    const read = await reader.read(`${path}/${one.name}`)
    if (read === 'again') return 'again'
    if (read) reads.push({...one, ...read})
    if (reads.length % YIELD_EVERY === 0) await setImmediate()
  }
  const spellings = new Spellings(known)
  const {list, listFacts} = await readList(path, files, before, spellings)

  const pending = new Map<string, FileSet>()
  const aged = new Map<string, FileSet>()
  const sets = new Map<bigint, {facts: FileFacts; keywords: Keywords}>()
  for (const {base, name, isPending, facts, content} of reads) {
    const shared = sets.get(facts.inode)?.keywords
    const keywords = shared ?? (Buffer.isBuffer(content) ? parseSet(content, spellings) : spellings.set(content))
    sets.set(facts.inode, {facts, keywords})
    const target = isPending ? pending : aged
    target.set(base, {name, facts, keywords})
  }
  const memory = {sets, list: listFacts && {facts: listFacts, list}}
  return {pending, aged, numbers, hidden, others, list, listFacts, memory}
}

async function listOf(path: string, files: MaildirFiles): Promise<string[] | undefined> {
  try {
    return await files.list(path)
  } catch (error) {
    const code = errnoOf(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw error
  }
}

function sortNames(names: readonly string[]) {
  const pendingBases = new Set<string>()
  const numbers = new Map<string, number>()
  const hidden: string[] = []
  const others: string[] = []
  for (const name of new Set(names)) {
    const file = keywordFileOf(name)
    if (file.kind === 'pending') pendingBases.add(file.base)
    else if (file.kind === 'other') others.push(name)
    else if (file.kind === 'aged') {
      const largest = numbers.get(file.base) ?? 0
      if (largest > 0) hidden.push(agedName(file.base, Math.min(largest, file.number)))
      numbers.set(file.base, Math.max(largest, file.number))
    }
  }
  return {pendingBases, numbers, hidden, others}
}

/** Octets of a file, or the keywords that it is known to hold. */
type SetContent = Buffer | Keywords

/** Reads sets; a file with many names once. */
class SetReader {
  readonly #files: MaildirFiles
  readonly #before: ReadMemory
  readonly #now = new Map<bigint, {facts: FileFacts; content: SetContent}>()

  constructor(files: MaildirFiles, before: ReadMemory) {
    this.#files = files
    this.#before = before
  }

  /** undefined: no file that can be read. */
  async read(path: string): Promise<{facts: FileFacts; content: SetContent} | undefined | 'again'> {
    const facts = this.#files.stat(path)
    if (!facts) return 'again'
    const before = this.#before.sets.get(facts.inode)
    if (before && isSameFile(before.facts, facts)) return {facts, content: before.keywords}
    const known = this.#now.get(facts.inode)
    if (known && isSameFile(known.facts, facts)) return {facts, content: known.content}
    if (facts.kind !== 'file' || facts.size > SET_MAX) return undefined
    const read = await this.#open(path)
    if (read && read !== 'again') this.#now.set(facts.inode, read)
    return read
  }

  async #open(path: string): Promise<{facts: FileFacts; content: SetContent} | undefined | 'again'> {
    try {
      const file = await this.#files.open(path)
      if (!file) return 'again'
      const {facts, whole} = file
      const content = whole && Buffer.from(whole)
      file.close()
      return content && {facts, content}
    } catch (error) {
      if (errnoOf(error) === 'EACCES' || errnoOf(error) === 'EPERM') return undefined
      throw error
    }
  }
}

/** Same inode, written at the same time. Reading and renaming do not matter. */
export function isSameFile(a: FileFacts, b: FileFacts): boolean {
  return a.inode === b.inode && a.device === b.device && a.mtimeNs === b.mtimeNs && a.size === b.size
}

async function readList(path: string, files: MaildirFiles, before: ReadMemory, spellings: Spellings) {
  const name = `${path}/:list`
  const listFacts = files.stat(name)
  if (listFacts && before.list && isSameFile(listFacts, before.list.facts)) return {list: before.list.list, listFacts}
  if (listFacts && listFacts.size > LIST_MAX) throw new Fault('too-large', `"${name}" has ${listFacts.size} bytes`)
  const content = listFacts?.kind === 'file' ? await files.readFile(name, LIST_MAX) : undefined
  return {list: parseList(content ?? Buffer.alloc(0), spellings), listFacts: content && listFacts}
}
