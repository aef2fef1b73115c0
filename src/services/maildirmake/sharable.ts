/** `--add` and `--del`: the list of sharable maildirs of an account (`spec/maildir.md` §10.1, §10.2). */
import {access, constants} from 'node:fs/promises'
import {systemText} from '../../support/system-text.js'
import type {MaildirMakeContext} from './context.js'
import type {MaildirMakeRequest} from './request.js'

const FILE_MAX = 16 * 1024 * 1024

/** Nickname of a line; undefined for comments and lines with fewer than two fields. */
function nickOf(line: string): string | undefined {
  const fields = (line.split('#', 1)[0] ?? '').split(/[ \t\r]+/).filter((field) => field !== '')
  return fields.length < 2 ? undefined : fields[0]
}

async function linesOf(path: string, {files}: MaildirMakeContext): Promise<string[] | undefined> {
  const content = await files.readFile(path, FILE_MAX)
  const lines = content?.toString('latin1').split('\n')
  if (lines?.at(-1) === '') lines.pop()
  return lines
}

/** Adds a maildir to the list. Answers with the exit code. */
export async function addSharable(
  {maildir, nick, path}: Extract<MaildirMakeRequest, {kind: 'add'}>,
  context: MaildirMakeContext,
): Promise<number> {
  const {files, err, configDirectory} = context
  try {
    await access(Buffer.from(path, 'latin1'), constants.R_OK)
  } catch (error) {
    err(`${path}: ${systemText(error)}\n`)
    return 1
  }
  // Courier: checks the nickname for "." and "/" only; what would break the line is refused as well.
  if (nick === '' || /[./\s#]/.test(nick) || /[\s#]/.test(path)) {
    err(`${nick}: invalid name\n`)
    return 1
  }
  if (files.stat(`${maildir}/.`)?.kind !== 'directory') {
    err(`${maildir}: No such file or directory\n`)
    return 1
  }
  const globalList = `${configDirectory}/maildirshared`
  const isNick = (line: string) => nickOf(line) === nick
  if ((await linesOf(globalList, context))?.some(isNick)) {
    err(`${nick}: already defined as a sharable maildir in ${globalList}.\n`)
    return 2
  }
  const list = `${maildir}/shared-maildirs`
  const lines = await linesOf(list, context)
  if (lines?.some(isNick)) {
    err(`${nick}: already defined as a sharable maildir.\n`)
    return 2
  }
  const line = Buffer.from(`${nick}\t${path}\n`, 'latin1')
  if (!(await files.append(list, line))) await files.create(list, line, {mode: 0o666, sync: true})
  return 0
}

/** Removes a maildir from the list; comments stay. Answers with the exit code. */
export async function removeSharable(
  {maildir, nick}: Extract<MaildirMakeRequest, {kind: 'del'}>,
  context: MaildirMakeContext,
): Promise<number> {
  const {files, names, err} = context
  const list = `${maildir}/shared-maildirs`
  const lines = await linesOf(list, context)
  if (!lines) {
    err(`${maildir}: No such file or directory\n`)
    return 1
  }
  const others = lines.filter((line) => nickOf(line) !== nick)
  if (others.length === lines.length) {
    err(`${nick}: not found.\n`)
    return 1
  }
  const temporary = `${maildir}/tmp/${names.side('shared')}`
  await files.create(temporary, Buffer.from(others.map((line) => `${line}\n`).join(''), 'latin1'), {mode: 0o644, sync: true})
  await files.rename(temporary, list)
  return 0
}
