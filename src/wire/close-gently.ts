import type {Duplex} from 'node:stream'

export interface CloseOptions {
  readonly limitMs: number
  /** Written before the end. */
  readonly lastLine?: string
}

/**
 * Ends a connection so that the last reply arrives: sends what is written, waits for the peer to close, and
 * destroys the socket at the latest after `limitMs`. (Closing a socket with unread input makes the kernel reset it.)
 */
export function closeGently(socket: Duplex, {limitMs, lastLine}: CloseOptions): Promise<void> {
  return new Promise((resolve) => {
    if (socket.destroyed) return resolve()
    const timer = setTimeout(() => socket.destroy(), limitMs)
    socket.once('close', () => {
      clearTimeout(timer)
      resolve()
    })
    socket.on('error', () => socket.destroy())
    const whenSent = () => (socket.readableEnded ? socket.destroy() : socket.once('end', () => socket.destroy()))
    if (socket.writableFinished) whenSent()
    else socket.once('finish', whenSent)
    if (lastLine === undefined) socket.end()
    else socket.end(lastLine, 'latin1')
    socket.removeAllListeners('data')
    socket.removeAllListeners('readable')
    socket.resume()
  })
}
