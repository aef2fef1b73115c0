/**
 * `--checkutf8` and `--convutf8`: folder names of Maildirs from before Courier 5 become UTF-8 (`spec/maildir.md` §6).
 *
 * Everything is checked before anything is changed. The mail server should be stopped meanwhile.
 */
import {errnoOf} from '../../support/fault.js'
import {systemText} from '../../support/system-text.js'
import type {MaildirMakeContext} from './context.js'
import {convertedFilter} from './mail-filter.js'
import {convertedName} from './old-names.js'
import type {MaildirMakeRequest} from './request.js'

const FILE_MAX = 16 * 1024 * 1024

interface Rename {
  readonly from: string
  readonly to: string
  /** How the line of the report calls them. */
  readonly shown: string
}

/** A file to be replaced, or only looked at. */
interface NewText {
  readonly path: string
  readonly text: string
}

/** Converts the names, or says what would be converted. Answers with the exit code. */
export async function convertNames(
  {maildir, filter, isCheck}: Extract<MaildirMakeRequest, {kind: 'convert'}>,
  context: MaildirMakeContext,
): Promise<number> {
  const {out, err, files} = context
  out(`Checking ${maildir}:\n`)
  const renames = await folderRenames(maildir, context)
  if (!renames) return 1
  const texts: NewText[] = []
  let isSound = true
  const subscriptions = await newSubscriptions(`${maildir}/courierimapsubscribed`, context)
  const rules = filter === undefined ? 'none' : await newFilter(filter, context)
  for (const found of [subscriptions, rules]) {
    if (found === 'invalid') isSound = false
    else if (found !== 'none') texts.push(found)
  }
  if (!isSound) return 1

  for (const {from, to, shown} of renames) {
    out(`Rename ${shown}\n`)
    if (isCheck) continue
    try {
      if (files.stat(to)) throw Object.assign(new Error('exists'), {code: 'EEXIST'})
      await files.rename(from, to)
    } catch (error) {
      if (errnoOf(error) === undefined) throw error
      err(`FATAL ERROR RENAMING ${from} to ${to}: ${systemText(error)}\n`)
      isSound = false
    }
  }
  for (const {path, text} of texts) {
    out(`${isCheck ? 'Verified' : 'Updating'} ${path}\n`)
    if (!isCheck) await replace(path, text, context)
  }
  return isSound ? 0 : 1
}

/** Directories and files of rights that get other names; undefined when some name is invalid, or nothing can be read. */
async function folderRenames(maildir: string, {files, err}: MaildirMakeContext): Promise<Rename[] | undefined> {
  const renames: Rename[] = []
  let isSound = true
  const look = (name: string, directory: string, dot: '.' | '', shown: string) => {
    const converted = convertedName(name)
    if (converted === undefined) {
      err(`Error: ${shown}${name}: does not appear to be valid modified-UTF7\n`)
      isSound = false
    } else if (converted !== name) {
      const [from, to] = [`${directory}/${dot}${name}`, `${directory}/${dot}${converted}`]
      renames.push({from, to, shown: `${shown}${name} to ${shown}${converted}`})
    }
  }
  try {
    for (const entry of await files.list(maildir)) {
      const isFolder = entry.startsWith('.') && entry !== '..' && files.stat(`${maildir}/${entry}`)?.kind !== 'file'
      if (isFolder && files.stat(`${maildir}/${entry}/cur/.`)?.kind === 'directory') look(entry.slice(1), maildir, '.', 'INBOX.')
    }
    // Courier: forgets the rights of folders that exist only through those below them.
    const rights = `${maildir}/courierimaphieracl`
    const entries = files.stat(rights)?.kind === 'directory' ? await files.list(rights) : []
    for (const entry of entries) look(entry, rights, '', 'courierimaphieracl/')
  } catch (error) {
    if (errnoOf(error) === undefined) throw error
    err(`maildirmake: ${maildir}: ${systemText(error)}\n`)
    return undefined
  }
  return isSound ? renames : undefined
}

async function newSubscriptions(path: string, {files, out, err}: MaildirMakeContext): Promise<NewText | 'none' | 'invalid'> {
  const content = await files.readFile(path, FILE_MAX)
  if (!content) return 'none'
  const lines = content.toString('latin1').split('\n')
  if (lines.at(-1) === '') lines.pop()
  let isSound = true
  const converted = lines.map((line) => {
    const name = convertedName(line)
    if (name === undefined) {
      err(`Error: ${path}: ${line}: does not appear to be valid modified-UTF7\n`)
      isSound = false
    } else if (name !== line) out(`Subscription to ${line} changed to ${name}\n`)
    return `${name ?? line}\n`
  })
  return isSound ? {path, text: converted.join('')} : 'invalid'
}

async function newFilter(path: string, {files, out, err}: MaildirMakeContext): Promise<NewText | 'none' | 'invalid'> {
  const content = await files.readFile(path, FILE_MAX)
  if (!content) return 'none'
  const converted = convertedFilter(content.toString('latin1'))
  if (!converted) {
    err(`Error: cannot load ${path}\n`)
    return 'none'
  }
  for (const [from, to] of converted.changes) out(`Mail filter to ${from} updated to ${to}\n`)
  for (const name of converted.invalid) err(`Error: ${path}: ${name}: does not appear to be valid modified-UTF7\n`)
  return converted.invalid.length > 0 ? 'invalid' : {path, text: converted.text}
}

/** Puts a new text in place of a file; mode and owner stay. */
async function replace(path: string, text: string, {files, chown}: MaildirMakeContext): Promise<void> {
  const facts = files.stat(path)
  const temporary = `${path}.new`
  await files.unlink(temporary)
  await files.create(temporary, Buffer.from(text, 'latin1'), {mode: 0o600, sync: true})
  if (facts) {
    await chown(temporary, facts.uid, facts.gid)
    await files.chmod(temporary, facts.mode)
  }
  await files.rename(temporary, path)
}
