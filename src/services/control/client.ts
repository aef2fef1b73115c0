/** Asks a server that runs. */
import {once} from 'node:events'
import {connect, type Socket} from 'node:net'
import {homedir} from 'node:os'
import {join} from 'node:path'
import {defaultPlaces, rolesDirectory} from '../../config/places.js'
import {errnoOf, Fault, type FaultCode} from '../../support/fault.js'
import {systemText} from '../../support/system-text.js'
import {isRoot} from '../unprivileged-user.js'

/** The directory for sockets: `COURIER_RUN`, else the default one. */
export function runDirectory(env: NodeJS.ProcessEnv): string {
  return env.COURIER_RUN?.startsWith('/') ? env.COURIER_RUN : defaultPlaces({root: isRoot(), home: homedir(), env}).run
}

/** Servers that share a directory: Courier's start scripts run one for each service. */
const MAX_SERVERS = 9

/** The sockets that a server may have: the first that no other one has. */
export function controlSocketsIn(directory: string): string[] {
  return Array.from({length: MAX_SERVERS}, (_, at) => join(directory, at === 0 ? 'control' : `control-${at + 1}`))
}

export interface Question {
  readonly request: string
  readonly [argument: string]: unknown
}

export interface AskOptions {
  /** Directory of the server's socket; undefined: the default one. */
  readonly run: string | undefined
  /** Ends the question. */
  readonly signal?: AbortSignal
}

/** @throws {Fault} nobody listens, or we may not ask */
async function connected(path: string): Promise<Socket | undefined> {
  const socket = connect(path)
  try {
    await once(socket, 'connect')
    return socket
  } catch (error) {
    const code = errnoOf(error)
    if (code === 'ENOENT' || code === 'ECONNREFUSED') return undefined
    if (code === 'EACCES' || code === 'EPERM')
      throw new Fault('no-access', `${path} may be used by root and the server's user only`, {cause: error})
    throw new Fault('unavailable', `Cannot ask the server at ${path}: ${systemText(error)}`, {cause: error})
  }
}

/** Whether a server of several processes answers beside this run directory: then it is the only one that is asked there. */
export async function hasRolesServer(directory: string): Promise<boolean> {
  for (const path of controlSocketsIn(rolesDirectory(directory))) {
    const socket = await connected(path).catch(() => undefined)
    socket?.destroy()
    if (socket) return true
  }
  return false
}

/** All servers of the directory. @throws {Fault} `unavailable` when there is none, `no-access` */
async function connectedAll(directory: string): Promise<Socket[]> {
  // A server of several processes has its socket in root's directory. The other one is the mail user's: a front that was taken over
  // could answer there as well.
  for (const place of [rolesDirectory(directory), directory]) {
    const sockets: Socket[] = []
    for (const path of controlSocketsIn(place)) sockets.push(...[await connected(path)].filter((socket) => socket !== undefined))
    if (sockets.length > 0) return sockets
  }
  throw new Fault('unavailable', `No server runs here: nobody answers at ${join(directory, 'control')} (--run names another directory)`)
}

interface AnswerLine {
  readonly item?: object
  readonly end?: boolean
  readonly fault?: {readonly code: string; readonly message: string}
}

/** The lines that come; ends when the connection does, however that is. */
async function* linesOf(socket: Socket): AsyncGenerator<string, void> {
  let rest = ''
  socket.setEncoding('utf8')
  try {
    for await (const chunk of socket) {
      const lines = (rest + String(chunk)).split('\n')
      rest = lines.pop() ?? ''
      yield* lines
    }
  } catch {
    // Who waits for more sees that the answer has no end.
  }
}

/** The items that one server answers. */
async function* itemsOf(socket: Socket, question: Question, signal: AbortSignal | undefined): AsyncGenerator<object, void> {
  socket.write(`${JSON.stringify(question)}\n`)
  for await (const text of linesOf(socket)) {
    const line = JSON.parse(text) as AnswerLine
    if (line.fault) throw new Fault(line.fault.code as FaultCode, line.fault.message)
    if (line.end) return
    if (line.item) yield line.item
  }
  if (!signal?.aborted) throw new Fault('unavailable', 'The server ended before it had answered')
}

/**
 * Hands on the items of the answer as they come, of all servers that run here.
 *
 * @throws {Fault} `unavailable` when no server runs, `no-access`, and what a server answers
 */
export async function ask(question: Question, {run, signal}: AskOptions, take: (item: object) => void): Promise<void> {
  const sockets = await connectedAll(run ?? runDirectory(process.env))
  const stop = () => {
    for (const socket of sockets) socket.destroy()
  }
  signal?.addEventListener('abort', stop, {once: true})
  for (const socket of sockets) socket.on('error', () => socket.destroy())
  try {
    const answers = sockets.map(async (socket) => {
      for await (const item of itemsOf(socket, question, signal)) take(item)
    })
    // One that fails does not cut the others off.
    await Promise.allSettled(answers)
    await Promise.all(answers)
  } finally {
    signal?.removeEventListener('abort', stop)
    stop()
  }
}

/** All items of an answer. @throws {Fault} like `ask` */
export async function askAll<Item>(question: Question, options: AskOptions): Promise<Item[]> {
  const items: Item[] = []
  await ask(question, options, (item) => items.push(item as Item))
  return items
}
