import {once} from 'node:events'
import type {Socket} from 'node:net'
import {Hangup} from '../../support/fault.js'
import {closeGently} from '../../wire/close-gently.js'
import type {Answer} from './answer.js'
import {DAEMON_TIMES} from './limits.js'
import type {DaemonRequest} from './request.js'
import {RequestReader} from './request-reader.js'

export interface ServeClientOptions {
  readonly answer: (request: DaemonRequest) => Promise<Answer>
  readonly times?: typeof DAEMON_TIMES | Record<keyof typeof DAEMON_TIMES, number>
}

/**
 * Serves one connection: one request, one reply, the end (`spec/auth.md` §12). The socket allows half-open connections: Exim closes
 * its side with the request. All that arrives later is read and thrown away, so that closing does not destroy the reply.
 *
 * @throws {Hangup} when the client is gone or takes too long; the connection is closed then, too
 */
export async function serveClient(socket: Socket, {answer, times = DAEMON_TIMES}: ServeClientOptions): Promise<void> {
  const gone = new AbortController()
  socket.once('close', () => gone.abort())
  socket.on('error', () => socket.destroy())
  try {
    const request = await readRequest(socket, times)
    socket.resume()
    if (request !== 'invalid') await write(socket, await answer(request), {withinMs: times.writeMs, signal: gone.signal})
    await closeGently(socket, {limitMs: times.closingMs})
  } finally {
    socket.destroy()
  }
}

/** The request, or `invalid` for one that gets no answer: half of one, too. @throws {Hangup} */
function readRequest(socket: Socket, {readMs, requestMs}: {readonly readMs: number; readonly requestMs: number}) {
  return new Promise<DaemonRequest | 'invalid'>((resolve, reject) => {
    const reader = new RequestReader()
    const whole = setTimeout(() => end(() => reject(new Hangup('idle'))), requestMs)
    const next = setTimeout(() => end(() => reject(new Hangup('idle'))), readMs)
    const onData = (chunk: Buffer) => {
      next.refresh()
      const reading = reader.push(chunk)
      if (reading !== undefined) end(() => resolve(reading))
    }
    const onEnd = () => end(() => resolve('invalid'))
    const onClose = () => end(() => reject(new Hangup('closed')))
    const end = (settle: () => void) => {
      clearTimeout(whole)
      clearTimeout(next)
      socket.off('data', onData).off('end', onEnd).off('close', onClose)
      settle()
    }
    socket.on('data', onData).on('end', onEnd).on('close', onClose)
  })
}

/** @throws {Hangup} `stalled`, `closed` */
async function write(socket: Socket, answer: Answer, limits: {readonly withinMs: number; readonly signal: AbortSignal}): Promise<void> {
  for await (const piece of typeof answer === 'string' ? [answer] : answer) {
    if (limits.signal.aborted) throw new Hangup('closed')
    if (piece !== '' && !socket.write(piece, 'latin1')) await drained(socket, limits)
  }
}

async function drained(socket: Socket, {withinMs, signal}: {readonly withinMs: number; readonly signal: AbortSignal}): Promise<void> {
  const late = AbortSignal.timeout(withinMs)
  try {
    await once(socket, 'drain', {signal: AbortSignal.any([signal, late])})
  } catch (error) {
    throw new Hangup(late.aborted ? 'stalled' : 'closed', error instanceof Error ? error.message : undefined)
  }
}
