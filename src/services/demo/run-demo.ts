/** `courier serve --demo`: a mail host in a folder, for trying it out. */
import {closeSync, constants, openSync} from 'node:fs'
import {readdir, readFile, stat} from 'node:fs/promises'
import {dirname, join, relative, resolve} from 'node:path'
import {loadTryLock} from '../../auth/native.js'
import type {Endpoint} from '../../config/port-list.js'
import type {Log} from '../../log/log.js'
import {errnoOf, Fault} from '../../support/fault.js'
import {serve} from '../serve.js'
import type {ServiceName} from '../server-configuration.js'
import {findUser, isRoot, type SystemUser} from '../unprivileged-user.js'
import {demoPaths} from './demo-paths.js'
import {demoText} from './demo-text.js'
import {type DemoOwner, makeDemo} from './make-demo.js'

export interface DemoOptions {
  /** Folder of the demo; undefined: `demo` in the working directory, or where root can give it away. */
  readonly folder: string | undefined
  /** Who serves it when it is started as root; undefined: `nobody`. */
  readonly user: string | undefined
  readonly services: readonly ServiceName[]
  readonly endpoints: Partial<Record<ServiceName, readonly Endpoint[]>>
  readonly templates: string
  readonly version: string
  readonly log: Log
  readonly print: (line: string) => void
}

/** Where root's demo lies when the working directory cannot be reached by anybody else. */
const ROOT_FOLDER = '/var/lib/courier-demo'

function fault(text: string, cause?: unknown): Fault {
  return new Fault('bad-configuration', text, {cause})
}

/** All directories above the path can be passed by the user, as far as their modes tell. */
async function isReachable(path: string, {uid, gid}: DemoOwner): Promise<boolean> {
  for (let at = dirname(path); ; at = dirname(at)) {
    const found = await stat(at).catch(() => undefined)
    if (found) {
      const bit = found.uid === uid ? 0o100 : found.gid === gid ? 0o010 : 0o001
      if ((found.mode & bit) === 0) return false
    }
    if (at === dirname(at)) return true
  }
}

async function chosenFolder(folder: string | undefined, user: SystemUser | undefined): Promise<string> {
  const path = resolve(folder ?? 'demo')
  if (/[|\t\n]/.test(path)) throw fault(`The demo cannot lie in ${JSON.stringify(path)}: "|", tabs and line ends do not fit into userdb`)
  if (!user || (await isReachable(path, user))) return path
  if (folder !== undefined)
    throw fault(`The user "${user.name}" cannot reach ${path}: a folder above it is private. Choose another with --demo-dir`)
  return ROOT_FOLDER
}

/** What is in the folder: nothing, or a demo. @throws {Fault} for anything else */
async function existing(path: string): Promise<DemoOwner | undefined> {
  try {
    const names = await readdir(path)
    if (names.length === 0) return undefined
    if (!names.includes('passwords.txt') || !names.includes('etc'))
      throw fault(`${path} is not empty and holds no demo. Choose another folder with --demo-dir`)
    const {uid, gid} = await stat(path)
    return {uid, gid}
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    if (errnoOf(error) === 'ENOTDIR') throw fault(`${path} is not a folder. Choose another one with --demo-dir`, error)
    if (errnoOf(error) === 'EACCES') throw fault(`${path} cannot be read: permission denied. Choose another folder with --demo-dir`, error)
    throw error
  }
}

async function make(path: string, {templates, owner}: {readonly templates: string; readonly owner: DemoOwner}): Promise<void> {
  try {
    await makeDemo({folder: path, templates, owner, now: new Date()})
  } catch (error) {
    const code = errnoOf(error)
    if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
      throw fault(
        `No permission to make the demo in ${path}. Choose another folder with --demo-dir, such as --demo-dir /tmp/courier-demo`,
        error,
      )
    }
    if (code === 'ENOSPC' || code === 'EDQUOT') throw fault(`No space is left for the demo in ${path}`, error)
    throw error
  }
}

/** Holds the folder until the process ends. @throws {Fault} when another process holds it */
function holdFolder(lock: string, path: string): number {
  let held: number
  try {
    held = openSync(lock, constants.O_RDONLY | constants.O_NOFOLLOW)
  } catch (error) {
    throw fault(
      `${lock} cannot be opened: ${errnoOf(error)}. If the demo belongs to another user, choose another folder with --demo-dir`,
      error,
    )
  }
  if (loadTryLock()(held)) return held
  closeSync(held)
  throw fault(`A demo runs in ${path} already. End it with Ctrl-C where it was started, or choose another folder with --demo-dir`)
}

async function accountsOf(path: string): Promise<[name: string, password: string][]> {
  const text = await readFile(path, 'utf8')
  return [...text.matchAll(/^(\S+) (\S+)$/gm)].map((match) => [match[1] ?? '', match[2] ?? ''])
}

async function servingUser({user}: DemoOptions, folder: string | undefined): Promise<SystemUser | undefined> {
  if (!isRoot()) {
    if (user !== undefined) throw fault('Only root can serve as another user: leave --user away')
    return undefined
  }
  if (user !== undefined) return findUser(user)
  // A demo that exists keeps its owner.
  const owner = await existing(resolve(folder ?? 'demo'))
  if (owner && owner.uid !== 0 && owner.gid !== 0) return {name: `#${owner.uid}`, ...owner}
  return findUser('nobody')
}

/** Runs the demo until a signal ends it. @throws {Fault} `bad-configuration` when it cannot start, with what to do about it */
export async function runDemo(options: DemoOptions): Promise<void> {
  const {services, endpoints, templates, version, log, print} = options
  const user = await servingUser(options, options.folder)
  const path = await chosenFolder(options.folder, user)
  const self = {uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0}
  const owner = user ?? self
  const found = await existing(path)
  if (found && found.uid !== owner.uid)
    throw fault(`${path} belongs to the user with uid ${found.uid}, not ${owner.uid}. Choose another folder with --demo-dir`)
  if (!found) {
    log.info('demo.making', {path})
    await make(path, {templates, owner})
  }
  const paths = demoPaths(path)
  const held = holdFolder(paths.lock, path)
  try {
    const accounts = await accountsOf(paths.passwords)
    await serve({
      directory: paths.configuration,
      authDirectory: paths.configuration,
      services: services.length > 0 ? services : ['imap', 'imaps'],
      endpoints,
      user,
      version,
      index: {kind: 'memory', cache: path},
      runDirectory: paths.run,
      log,
      onReady: (server) => {
        const port = (name: ServiceName) => server.endpoints.get(name)?.[0]?.port
        const shown = relative(process.cwd(), path)
        const place = shown.startsWith('..') ? path : `./${shown}`
        const text = demoText({
          folder: place,
          certificate: shown.startsWith('..') ? paths.publicCertificate : join(process.cwd(), shown, 'certificate.pem'),
          accounts,
          host: 'localhost',
          imap: port('imap'),
          imaps: port('imaps'),
          servesAs: user?.name,
        })
        for (const line of text) print(line)
      },
    })
  } catch (error) {
    if (!(error instanceof Fault) || errnoOf(error.cause) !== 'EADDRINUSE') throw error
    throw fault(`${error.message}. Choose other ports: npm start -- --port 3143 --tls-port 3993`, error.cause)
  } finally {
    closeSync(held)
  }
}
