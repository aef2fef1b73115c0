import {readdir, readFile, stat, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {userdbFromPasswd} from '../auth/userdb/from-passwd.js'
import {errnoOf, Fault} from '../support/fault.js'
import {systemText} from '../support/system-text.js'
import {readLongOptions} from './long-options.js'
import {systemAccount} from './system-account.js'
import {octetsOf, type Tool, textOf} from './tool.js'

const NAMES = {values: ['vpopmailhome', 'vpopmailhost', 'todir'], switches: []}

/** A file of vpopmail, with the name of the userdb file that it becomes. */
interface Source {
  readonly name: string
  readonly domain: string
  readonly path: string
}

/**
 * `vchkpw2userdb`: prints vpopmail's accounts as userdb text, or writes a file for each domain into a directory
 * (`spec/auth.md` §7.2). All have vpopmail's ids; names of domains get them.
 */
export const vchkpw2userdbTool: Tool = async (args, io) => {
  const options = readLongOptions(args, NAMES)
  if (!options.ok) {
    io.err(octetsOf(`${options.message}\nInvalid options.\n`))
    return 255
  }
  const {values} = options
  try {
    const vpopmail = await systemAccount('vpopmail')
    // The manual has both spellings.
    const home = values.get('vpopmailhome') ?? values.get('vpopmailhost') ?? vpopmail?.home
    if (!vpopmail || !home) throw new Fault('no-such-account', 'There is no user "vpopmail", whose ids the accounts get')
    const directory = values.get('todir')
    for (const {name, domain, path} of await sources(home)) {
      const passwd = await readFile(path, 'latin1')
      const {text, refused} = userdbFromPasswd({passwd, shadow: undefined, domain: octetsOf(domain), ids: vpopmail, reverse: false})
      if (directory === undefined) io.out(text)
      // Written through a link: the manual has the administrator point one to /dev/null.
      else await writeFile(join(directory, name), text, {encoding: 'latin1', mode: 0o600})
      for (const account of refused) io.err(octetsOf(`${path}: left out, because it cannot stand in userdb: "${textOf(account)}"\n`))
    }
    return 0
  } catch (error) {
    if (!(error instanceof Fault) && errnoOf(error) === undefined) throw error
    io.err(octetsOf(`${error instanceof Fault ? error.message : systemText(error)}\n`))
    return 1
  }
}

/** `users/vpasswd` and `domains/DOMAIN/vpasswd`, as far as they exist. */
async function sources(home: string): Promise<readonly Source[]> {
  const domains = await readdir(join(home, 'domains')).catch(() => [])
  const all = [
    {name: 'users', domain: '', path: join(home, 'users', 'vpasswd')},
    ...domains.sort().map((domain) => ({name: domain, domain, path: join(home, 'domains', domain, 'vpasswd')})),
  ]
  const found: Source[] = []
  for (const source of all) if ((await stat(source.path).catch(() => undefined))?.isFile()) found.push(source)
  if (found.length === 0) throw new Fault('io-error', `${home}: no file "users/vpasswd" and no "domains/DOMAIN/vpasswd"`)
  return found
}
