/**
 * A connection that goes to another process with its socket.
 *
 * What the sending process reads after it has looked for the last time would be lost without an error. So it stops reading first,
 * which Node offers for its own streams only: a socket on which that is not possible is not passed.
 */
import {Socket} from 'node:net'
import type {Duplex} from 'node:stream'

/** A connected handle of Node. */
export interface SocketHandle {
  close(): void
}

interface ReadingHandle extends SocketHandle {
  reading?: boolean
  readStop?(): number
}

/** A socket that nobody reads any more, and what it had received until then. */
export interface DetachedSocket {
  readonly handle: SocketHandle
  readonly unread: Buffer
}

/** Takes the handle out of a plain socket whose written octets are out; undefined when it cannot be passed. */
export function detachSocket(stream: Duplex): DetachedSocket | undefined {
  const isPlain = Object.getPrototypeOf(stream) === Socket.prototype
  if (!isPlain || stream.destroyed || stream.writableLength > 0 || stream.readableEnded) return undefined
  const socket = stream as unknown as {_handle: ReadingHandle | null}
  const handle = socket._handle
  if (typeof handle?.readStop !== 'function' || handle.readStop() !== 0) return undefined
  // First: a read of a socket that has a handle starts it again.
  socket._handle = null
  handle.reading = false
  const pieces: Buffer[] = []
  for (let chunk = stream.read() as Buffer | null; chunk !== null; chunk = stream.read() as Buffer | null) pieces.push(chunk)
  stream.destroy()
  return {handle, unread: Buffer.concat(pieces)}
}

/** The connection of a handle that another process has sent. */
export function attachSocket(handle: SocketHandle): Socket {
  const options = {handle, allowHalfOpen: true, readable: true, writable: true}
  const socket = new Socket(options)
  socket.on('error', () => socket.destroy())
  return socket
}
