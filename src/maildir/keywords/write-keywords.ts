/** Gives messages new keywords: one file for each message, made by a link (`spec/maildir.md` §8.3). */
import {errnoOf, Fault} from '../../support/fault.js'
import type {KeywordContext} from './consolidate.js'
import {unfinishedName} from './keyword-names.js'
import {formatSet, type Keywords} from './keyword-text.js'

/** Names that one file may have; ext4 allows 65,000. */
const LINKS_MAX = 30_000

/**
 * Gives all these messages the same keywords, on disk, and answers with those that could not get them (`waiting`):
 * another change of theirs is still pending and must be read first.
 *
 * The content is written and synced once; each message gets a link to it. The files of a message are never
 * written again by anybody, only renamed and removed, so they may be one.
 */
export async function writeSets(
  folder: string,
  bases: readonly string[],
  keywords: Keywords,
  context: KeywordContext,
): Promise<{readonly waiting: readonly string[]}> {
  const waiting: string[] = []
  for (let start = 0; start < bases.length; start += LINKS_MAX) {
    for (const base of await writeSome(folder, bases.slice(start, start + LINKS_MAX), keywords, context)) waiting.push(base)
  }
  await context.files.syncDirectory(`${folder}/courierimapkeywords`)
  return {waiting}
}

async function writeSome(folder: string, bases: readonly string[], keywords: Keywords, context: KeywordContext): Promise<string[]> {
  const {files} = context
  const path = `${folder}/courierimapkeywords`
  const temporary = await writeUnfinished(folder, keywords, context)
  const waiting: string[] = []
  try {
    let links = 1
    for (const base of bases) {
      if (!isBase(base)) throw new Fault('invalid-name', `"${base}" cannot have keywords`)
      try {
        await files.link(temporary, `${path}/${base}`)
        links += 1
      } catch (error) {
        if (errnoOf(error) !== 'EEXIST') throw error
        // Over a network file system a link may be made and yet be reported as failed.
        const made = files.stat(temporary)?.links ?? links
        if (made > links) links = made
        else waiting.push(base)
      }
    }
  } finally {
    await files.unlink(temporary)
  }
  return waiting
}

async function writeUnfinished(folder: string, keywords: Keywords, context: KeywordContext): Promise<string> {
  const {files, names, nowMs} = context
  const temporary = `${folder}/courierimapkeywords/${unfinishedName(nowMs(), names.side('keywords'))}`
  const content = formatSet(keywords)
  const options = {mode: 0o644, sync: true}
  try {
    await files.create(temporary, content, options)
    return temporary
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error
  }
  await makeKeywordDirectory(folder, context)
  await files.create(temporary, content, options)
  return temporary
}

/** A name that a message can have, and that means nothing else in the directory. */
function isBase(base: string): boolean {
  return base !== '' && !base.startsWith('.') && base !== ':list' && !/[/\0\n]/.test(base)
}

/** Makes `courierimapkeywords/` with the folder's own mode, durably; does nothing when it is there. */
export async function makeKeywordDirectory(folder: string, {files}: Pick<KeywordContext, 'files'>): Promise<void> {
  const path = `${folder}/courierimapkeywords`
  const mode = (files.stat(folder)?.mode ?? 0o700) & 0o777
  try {
    await files.mkdir(path, 0o700)
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return
    throw error
  }
  await files.chmod(path, mode)
  await files.syncDirectory(folder)
}
