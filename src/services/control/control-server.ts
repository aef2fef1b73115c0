/**
 * The socket on which a running server is asked and told things: one request for each connection, a JSON object on a line, answered with lines:
 * `{"item": …}` as many as there are, then `{"end": true}`, or `{"fault": {"code": …, "message": …}}`.
 *
 * Who may connect decides the socket's mode: its owner, and root.
 */
import {rm} from 'node:fs/promises'
import {createServer, type Server, type Socket} from 'node:net'
import type {Log} from '../../log/log.js'
import {BadSyntax, Fault} from '../../support/fault.js'
import {bindSocket, isAnswered, type SocketOwner, socketIdentity} from '../../support/unix-socket.js'
import type {AnyControlRequest, ControlledServer, ControlReply} from './request.js'

export interface ControlServerOptions {
  readonly path: string
  readonly requests: readonly AnyControlRequest[]
  readonly server: ControlledServer
  readonly log: Log
  /** Whose the directory is when it has to be made. */
  readonly owner?: SocketOwner | undefined
}

const MAX_CONNECTIONS = 50
const MAX_REQUEST_OCTETS = 64 * 1024
/** For the request to come. */
const REQUEST_MS = 10_000
/** What a client may leave waiting before items for it are dropped. */
const MAX_WAITING_OCTETS = 4 * 1024 * 1024

/** Another process answers on the socket: it keeps it. */
export type Opening = 'opened' | 'taken'

/** The first line; what comes after it is thrown away. @throws {BadSyntax} there is none, or it is too long */
function requestLine(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = Buffer.alloc(0)
    const fail = () => reject(new BadSyntax('Expected a request on one line'))
    const timer = setTimeout(() => socket.destroy(), REQUEST_MS)
    socket.on('close', () => {
      clearTimeout(timer)
      fail()
    })
    socket.on('end', fail)
    const take = (chunk: Buffer) => {
      text = Buffer.concat([text, chunk])
      const end = text.indexOf(0x0a)
      if (end < 0 && text.length <= MAX_REQUEST_OCTETS) return
      clearTimeout(timer)
      socket.off('data', take)
      socket.resume()
      if (end < 0 || end > MAX_REQUEST_OCTETS) fail()
      else resolve(text.toString('utf8', 0, end))
    }
    socket.on('data', take)
  })
}

/** @throws {BadSyntax} */
function parsed(line: string): Readonly<Record<string, unknown>> {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (error) {
    throw new BadSyntax('The request is not JSON', {cause: error})
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new BadSyntax('The request is no object')
  return value as Readonly<Record<string, unknown>>
}

export class ControlServer {
  readonly #options: ControlServerOptions
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #identity: string | undefined

  constructor(options: ControlServerOptions) {
    this.#options = options
    this.#server = createServer({allowHalfOpen: true}, (socket) => void this.#serve(socket))
    this.#server.maxConnections = MAX_CONNECTIONS
  }

  /** @throws {Fault} `bad-configuration` when the socket cannot be made */
  async open(): Promise<Opening> {
    const {path, log, owner} = this.#options
    if (await isAnswered(path)) return 'taken'
    await bindSocket(this.#server, path, {mode: 0o600, directoryMode: 0o755, owner})
    this.#identity = await socketIdentity(path)
    this.#server.on('error', (error) => log.error('control.accept-failed', {error}))
    return 'opened'
  }

  /** Never rejects: what goes wrong ends this connection. */
  async #serve(socket: Socket): Promise<void> {
    const {log} = this.#options
    const abort = new AbortController()
    this.#sockets.add(socket)
    socket.on('error', () => socket.destroy())
    // The end of the input says that nobody waits for more, of a trace for example.
    socket.on('end', () => abort.abort())
    socket.on('close', () => {
      this.#sockets.delete(socket)
      abort.abort()
    })
    const put = (line: object) => {
      if (socket.writable) socket.write(`${JSON.stringify(line)}\n`)
    }
    const item = (value: object) => {
      if (socket.writableLength > MAX_WAITING_OCTETS) return false
      put({item: value})
      return true
    }
    const taken = () =>
      new Promise<void>((resolve) => {
        if (socket.writable) socket.write('', () => resolve())
        else resolve()
      })
    try {
      await this.#answer(socket, {item, taken, signal: abort.signal})
      put({end: true})
    } catch (error) {
      if (error instanceof Fault) put({fault: {code: error.code, message: error.message}})
      else if (error instanceof BadSyntax) put({fault: {code: 'bad-request', message: error.message}})
      else {
        log.error('control.bug', {error})
        put({fault: {code: 'bug', message: 'Internal error, see the log'}})
      }
    }
    socket.end()
    socket.setTimeout(REQUEST_MS, () => socket.destroy())
  }

  async #answer(socket: Socket, reply: ControlReply): Promise<void> {
    const given = parsed(await requestLine(socket))
    const request = this.#options.requests.find(({name}) => name === given.request)
    if (!request) throw new BadSyntax(`This server knows no request "${String(given.request)}": it may be of another version`)
    await request.run(this.#options.server, request.read(given), reply)
  }

  /** Closes the socket and the connections. */
  async stop(): Promise<void> {
    const {path} = this.#options
    if (this.#identity !== undefined && this.#identity === (await socketIdentity(path))) {
      // It may be in a directory of root's by now: the next one to start replaces it.
      await rm(path, {force: true}).catch(() => undefined)
    }
    if (this.#server.listening) this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }
}
