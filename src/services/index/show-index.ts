import {readFile, rm} from 'node:fs/promises'
import {join} from 'node:path'
import {accountDirectory} from '../../maildir/index/flat/flat-index.js'
import {type CachedAccount, cachedAccounts} from '../../maildir/index/flat/trim.js'
import {Fault} from '../../support/fault.js'
import {indexDirectories} from './index-directory.js'
import {cacheDirectory, type IndexCommand, targetMaildir} from './index-places.js'

/** The index of one account. */
export interface AccountIndex {
  readonly maildir: string
  readonly directory: string
  readonly folders: number
  readonly bytes: number
  /** When it was written last; undefined: never. */
  readonly written: string | undefined
}

async function described({path, folders}: CachedAccount): Promise<AccountIndex> {
  const maildir = (await readFile(join(path, 'account'), 'latin1').catch(() => '?')).trimEnd()
  const last = Math.max(0, ...folders.map(({usedMs}) => usedMs))
  return {
    maildir: Buffer.from(maildir, 'latin1').toString('utf8'),
    directory: path,
    folders: folders.length,
    bytes: folders.reduce((sum, {bytes}) => sum + bytes, 0),
    written: last > 0 ? new Date(last).toISOString() : undefined,
  }
}

/** What is indexed: of one Maildir or of all. @throws {Fault} */
export async function showIndex(command: IndexCommand): Promise<readonly AccountIndex[]> {
  const wanted = command.target === undefined ? undefined : (await targetMaildir(command.target, command)).path
  const shown: AccountIndex[] = []
  for (const directory of indexDirectories(cacheDirectory(command))) {
    for await (const account of cachedAccounts(directory)) {
      if (account.folders.length === 0) continue
      if (wanted === undefined || account.path.endsWith(`/${accountDirectory(Buffer.from(wanted).toString('latin1'))}`))
        shown.push(await described(account))
    }
  }
  return shown.sort((a, b) => (a.maildir < b.maildir ? -1 : 1))
}

/** The same as lines for people. */
export function indexText(accounts: readonly AccountIndex[]): string {
  if (accounts.length === 0) return 'Nothing is indexed.\n'
  const lines = accounts.map(
    ({maildir, folders, bytes, written}) =>
      `${maildir}: ${folders} ${folders === 1 ? 'folder' : 'folders'}, ${(bytes / 2 ** 20).toFixed(1)} MiB, written ${written ?? 'never'}`,
  )
  const total = accounts.reduce((sum, {bytes}) => sum + bytes, 0)
  return `${lines.join('\n')}\nIn all: ${(total / 2 ** 20).toFixed(1)} MiB\n`
}

/**
 * Removes the index of one Maildir, or with `all` everything. A server that runs goes on and makes it anew. Answers
 * with what there was.
 *
 * @throws {Fault}
 */
export async function dropIndex(command: IndexCommand & {readonly all: boolean}): Promise<readonly AccountIndex[]> {
  if (command.target === undefined && !command.all) throw new Fault('bad-configuration', 'Name an account or a Maildir, or give --all')
  const accounts = await showIndex(command.all ? {...command, target: undefined} : command)
  for (const {directory} of accounts) {
    for await (const {path, folders} of cachedAccounts(join(directory, '..'))) {
      if (path !== directory) continue
      for (const folder of folders) await rm(folder.path, {recursive: true, force: true})
    }
  }
  return accounts
}
