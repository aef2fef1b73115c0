import {AccountQuota, accountOf} from '../../maildir/quota/account-quota.js'
import {Fault} from '../../support/fault.js'
import {systemText} from '../../support/system-text.js'
import {type MaildirMakeContext, octetsOf} from './context.js'
import type {MaildirMakeRequest} from './request.js'

type MakeRequest = Extract<MaildirMakeRequest, {kind: 'make'}>

/** A file call that failed, and where. */
class PathError extends Error {
  readonly path: string

  constructor(path: string, cause: unknown) {
    super(systemText(cause), {cause})
    this.path = path
  }
}

/** Makes a maildir or a folder, or gives an account its quota (`spec/maildir.md` §5). Answers with the exit code. */
export async function makeMaildir(request: MakeRequest, context: MaildirMakeContext): Promise<number> {
  const {out, err, files} = context
  if (request.folder.startsWith('.')) {
    out(`Invalid folder name: ${request.folder}\n`)
    return 1
  }
  const path = pathOf(request)
  const setsQuota = request.quota !== undefined
  try {
    if (path === '') throw Object.assign(new Error('No path'), {code: 'ENOENT'})
    // Courier: with -q, what is missing is made in another way: INBOX of a sharable maildir (-S) can be read by
    // everybody, a folder gets no mark, and a quota of its own. Here it is made as always; the account gets the quota.
    if (!setsQuota || !files.stat(path)) await make(path, path !== request.maildir, request, context)
    if (request.quota !== undefined) await setQuota(path, request.quota, context)
    return 0
  } catch (error) {
    if (error instanceof Fault) {
      err(octetsOf(`maildirmake: ${error.message}\n`))
      return 1
    }
    const where = error instanceof PathError ? error.path : path
    err(
      setsQuota
        ? `${where}${where === '' ? '' : ': '}${systemText(causeOf(error))}\n`
        : `maildirmake: ${where}: ${systemText(causeOf(error))}\n`,
    )
    return 1
  }
}

function causeOf(error: unknown): unknown {
  return error instanceof PathError ? error.cause : error
}

/** Path of the folder; empty when it cannot be one (§3.1). */
function pathOf({maildir, folder}: MakeRequest): string {
  if (folder === '' || folder === 'INBOX') return maildir
  if (/\.\.|\.$|[/\0]/.test(folder)) return ''
  const path = `${maildir === '' ? '.' : maildir}/.${folder}`
  return path.startsWith('./') ? path.slice(2) : path
}

async function make(path: string, isFolder: boolean, {modes}: MakeRequest, {files}: MaildirMakeContext): Promise<void> {
  for (const [name, mode] of [
    [path, modes.outer],
    [`${path}/tmp`, modes.inner],
    [`${path}/new`, modes.inner],
    [`${path}/cur`, modes.inner],
  ] as const) {
    await at(name, async () => {
      await files.mkdir(name, 0o700)
      // The mode is to be this one whatever the umask.
      await files.chmod(name, mode)
    })
  }
  const mark = `${path}/maildirfolder`
  if (isFolder) await at(mark, () => files.create(mark, Buffer.alloc(0), {mode: 0o600, sync: false}))
}

async function at(path: string, run: () => Promise<unknown>): Promise<void> {
  try {
    await run()
  } catch (error) {
    throw new PathError(path, error)
  }
}

async function setQuota(path: string, quota: string, context: MaildirMakeContext): Promise<void> {
  const warn = (text: string) => context.err(octetsOf(`WARN: quota string '${text}' not parseable\n`))
  await new AccountQuota(accountOf(path, context.files), context).set(quota, warn)
}
