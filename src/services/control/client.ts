/** Asks a server that runs. */
import {once} from 'node:events'
import {connect, type Socket} from 'node:net'
import {homedir} from 'node:os'
import {join} from 'node:path'
import {defaultPlaces} from '../../config/places.js'
import {errnoOf, Fault, type FaultCode} from '../../support/fault.js'
import {systemText} from '../../support/system-text.js'
import {isRoot} from '../unprivileged-user.js'

/** The directory for sockets: `COURIER_RUN`, else the default one. */
export function runDirectory(env: NodeJS.ProcessEnv): string {
  return env.COURIER_RUN?.startsWith('/') ? env.COURIER_RUN : defaultPlaces({root: isRoot(), home: homedir(), env}).run
}

export function controlSocketIn(directory: string): string {
  return join(directory, 'control')
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

function unreachable(error: unknown, path: string): Fault {
  const code = errnoOf(error)
  if (code === 'ENOENT' || code === 'ECONNREFUSED')
    return new Fault('unavailable', `No server runs here: nobody answers at ${path} (--run names another directory)`, {cause: error})
  if (code === 'EACCES' || code === 'EPERM')
    return new Fault('no-access', `${path} may be used by root and the server's user only`, {cause: error})
  return new Fault('unavailable', `Cannot ask the server at ${path}: ${systemText(error)}`, {cause: error})
}

async function connected(path: string): Promise<Socket> {
  const socket = connect(path)
  try {
    await once(socket, 'connect')
    return socket
  } catch (error) {
    throw unreachable(error, path)
  }
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

/**
 * The items of the answer as they come.
 *
 * @throws {Fault} `unavailable` when no server runs, `no-access`, and what the server answers
 */
export async function* ask(question: Question, {run, signal}: AskOptions): AsyncGenerator<object, void> {
  const path = controlSocketIn(run ?? runDirectory(process.env))
  const socket = await connected(path)
  const stop = () => socket.destroy()
  signal?.addEventListener('abort', stop, {once: true})
  socket.on('error', stop)
  try {
    socket.write(`${JSON.stringify(question)}\n`)
    for await (const text of linesOf(socket)) {
      const line = JSON.parse(text) as AnswerLine
      if (line.fault) throw new Fault(line.fault.code as FaultCode, line.fault.message)
      if (line.end) return
      if (line.item) yield line.item
    }
    if (!signal?.aborted) throw new Fault('unavailable', 'The server ended before it had answered')
  } finally {
    signal?.removeEventListener('abort', stop)
    socket.destroy()
  }
}

/** All items of an answer. @throws {Fault} like `ask` */
export async function askAll<Item>(question: Question, options: AskOptions): Promise<Item[]> {
  const items: Item[] = []
  for await (const item of ask(question, options)) items.push(item as Item)
  return items
}
