/** Unix sockets of servers: one that answers is left alone, one that was left behind is replaced. */
import {chmod, chown, lstat, mkdir, rename, rm} from 'node:fs/promises'
import {connect, type Server} from 'node:net'
import {dirname} from 'node:path'
import {errnoOf, Fault} from './fault.js'
import {systemText} from './system-text.js'

/** For the process at the socket to take a connection. One that is busy counts as there. */
const PROBE_MS = 2_000
/** What the kernel takes as a path, without the NUL. */
const PATH_OCTETS = 107

/** Whether a process listens on the socket; a file that was left behind, or none, is nobody. */
export function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    const settle = (answered: boolean) => {
      clearTimeout(timer)
      socket.destroy()
      resolve(answered)
    }
    const timer = setTimeout(() => settle(true), PROBE_MS)
    socket.once('connect', () => settle(true))
    // EAGAIN: its queue is full. Whom we may not ask is there.
    socket.once('error', (error) => settle(['EAGAIN', 'EACCES', 'EPERM'].includes(errnoOf(error) ?? '')))
  })
}

/** Whose a directory is that has to be made. */
export interface SocketOwner {
  readonly uid: number
  readonly gid: number
}

export interface SocketAccess {
  readonly mode: number
  /** Mode of the directory, if it has to be made. */
  readonly directoryMode: number
  readonly owner?: SocketOwner | undefined
}

/**
 * Binds the server under another name and moves it to its place: a socket that was left behind is replaced, and nobody meets one that does
 * not answer yet. The caller has asked `isAnswered`.
 *
 * @throws {Fault} `bad-configuration`
 */
export async function bindSocket(server: Server, path: string, access: SocketAccess): Promise<void> {
  const temporary = `${path}.tmp`
  try {
    if (Buffer.byteLength(temporary) > PATH_OCTETS) throw new Fault('bad-configuration', `The path is longer than ${PATH_OCTETS} octets`)
    await makeDirectory(dirname(path), access)
    await refuseOtherFiles(path)
    await rm(temporary, {force: true})
    await listen(server, temporary, access.mode)
    await rename(temporary, path)
  } catch (error) {
    server.close()
    throw new Fault('bad-configuration', `Cannot open the socket ${path}: ${error instanceof Fault ? error.message : systemText(error)}`, {
      cause: error,
    })
  }
}

/**
 * The mode comes from the umask of the moment, in which Node binds: by its name the file could be another one by then, in a directory
 * that is not ours alone.
 */
function listen(server: Server, path: string, mode: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    const umask = process.umask(0o777 & ~mode)
    try {
      server.listen({path}, () => resolve(void server.off('error', reject)))
    } finally {
      process.umask(umask)
    }
  })
}

async function makeDirectory(path: string, {directoryMode, owner}: SocketAccess): Promise<void> {
  const made = await mkdir(path, {recursive: true, mode: 0o755})
  if (made === undefined) return
  await chmod(path, directoryMode)
  if (owner && process.geteuid?.() === 0) await chown(path, owner.uid, owner.gid)
}

async function refuseOtherFiles(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined)
  if (found && !found.isSocket()) throw new Fault('bad-configuration', 'Another file is in its place')
}

/** The file's identity, so that only our own socket is removed at the end. */
export async function socketIdentity(path: string): Promise<string | undefined> {
  const found = await lstat(path, {bigint: true}).catch(() => undefined)
  return found && `${found.dev}:${found.ino}`
}
