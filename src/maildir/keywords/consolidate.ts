/**
 * Moves sets of single messages into `:list` (`spec/maildir.md` §8.4).
 *
 * Who else touches these files: real Courier's imapd, maildirkw, maildrop and webmail, some without the folder's lock.
 * What keeps every set: `:list` is replaced first, then the message's file becomes an aged one, which stays for
 * 15 minutes. A program that has read an older `:list` and writes it back meanwhile loses nothing, because aged files
 * overrule the list. An aged file is removed only when `:list`, as it is on disk, says the same.
 */
import {errnoOf} from '../../support/fault.js'
import type {MaildirFiles} from '../files.js'
import type {UniqueNames} from '../unique-names.js'
import {agedName, agedNumber} from './keyword-names.js'
import {formatList, isSameSet, type Keywords, NO_KEYWORDS} from './keyword-text.js'
import {type FileSet, isSameFile, type KeywordDirectory, type ReadMemory} from './read-keywords.js'

const AGED_FOR_MS = 15 * 60_000

/** What keywords need to know of the world. */
export interface KeywordContext {
  readonly files: MaildirFiles
  readonly names: UniqueNames
  /** Milliseconds since 1970. */
  readonly nowMs: () => number
}

/** What counts for each message: its pending set, else its aged one, else its line in `:list`. Empty sets included. */
export function mergedSets({pending, aged, list}: KeywordDirectory): Map<string, Keywords> {
  const sets = new Map(list.sets)
  for (const [base, {keywords}] of aged) sets.set(base, keywords)
  for (const [base, {keywords}] of pending) sets.set(base, keywords)
  return sets
}

/** The list that should be on disk; undefined when it is there already. */
export function listToSave(directory: KeywordDirectory, exists: (base: string) => boolean): Map<string, Keywords> | undefined {
  const {sets: listed, isUntidy} = directory.list
  const wanted = new Map<string, Keywords>()
  let differs = isUntidy
  for (const [base, keywords] of mergedSets(directory)) {
    const isListed = keywords.length > 0 && exists(base)
    if (isListed) wanted.set(base, keywords)
    if (!isSameSet(isListed ? keywords : NO_KEYWORDS, listed.get(base) ?? NO_KEYWORDS)) differs = true
  }
  return differs ? wanted : undefined
}

/**
 * Saves what must be saved, makes pending files old and removes what is no longer needed.
 *
 * `folder`: path of the folder. `exists`: a message with this base name is in the folder. Answers with what `:list`
 * says now.
 */
export async function consolidate(
  folder: string,
  directory: KeywordDirectory,
  exists: (base: string) => boolean,
  context: KeywordContext,
): Promise<ReadMemory['list']> {
  const {files, nowMs} = context
  const path = `${folder}/courierimapkeywords`
  const list = listToSave(directory, exists)
  const saved = list && (await saveList(folder, list, context))
  for (const [base, set] of directory.pending) {
    await makeOld(path, base, set, agedNumber(nowMs(), directory.numbers.get(base) ?? 0), context)
  }
  for (const name of directory.hidden) await files.unlink(`${path}/${name}`)
  for (const name of directory.others) {
    const facts = files.stat(`${path}/${name}`)
    if (facts?.kind === 'file' && isOld(facts.mtimeNs, nowMs())) await files.unlink(`${path}/${name}`)
  }
  for (const {name, facts} of directory.aged.values()) {
    if (!isOld(facts.mtimeNs, nowMs())) continue
    const now = files.stat(`${path}/${name}`)
    if (now && isSameFile(now, facts)) await files.unlink(`${path}/${name}`)
  }
  return saved ?? directory.memory.list
}

async function saveList(folder: string, sets: Map<string, Keywords>, {files, names}: KeywordContext): Promise<ReadMemory['list']> {
  const temporary = `${folder}/tmp/${names.side('keywords')}`
  const facts = await files.create(temporary, formatList(sets), {mode: 0o644, sync: true})
  try {
    await files.rename(temporary, `${folder}/courierimapkeywords/:list`)
  } catch (error) {
    await files.unlink(temporary)
    throw error
  }
  return {facts, list: {sets, isUntidy: false}}
}

async function makeOld(path: string, base: string, set: FileSet, number: number, {files, nowMs}: KeywordContext): Promise<void> {
  const pending = `${path}/${base}`
  const now = files.stat(pending)
  // Another program made it old, and maybe a newer one has its name now: that one is not in the list.
  if (!now || now.inode !== set.facts.inode) return
  try {
    await files.touch(pending, nowMs())
    await files.rename(pending, `${path}/${agedName(base, number)}`)
  } catch (error) {
    const code = errnoOf(error)
    // The name with its number is too long: the file may stay as it is.
    if (code !== 'ENOENT' && code !== 'ENAMETOOLONG') throw error
  }
}

function isOld(mtimeNs: bigint, nowMs: number): boolean {
  return Number(mtimeNs / 1_000_000n) < nowMs - AGED_FOR_MS
}
