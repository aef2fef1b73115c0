import {connect, type Socket} from 'node:net'
import {Fault} from '../../support/fault.js'
import {systemText} from '../../support/system-text.js'

/** How long a daemon may take (`spec/auth.md` §13). */
export interface ExchangeTimes {
  readonly connectMs: number
  /** For it to take the request. */
  readonly writeMs: number
  /** For the whole reply. */
  readonly replyMs: number
  /** For the next octets of a list of accounts. */
  readonly listMs: number
}

export const EXCHANGE_TIMES: ExchangeTimes = {connectMs: 10_000, writeMs: 10_000, replyMs: 30_000, listMs: 60_000}

export interface ExchangeOptions {
  /** Path of the socket. */
  readonly path: string
  readonly times: ExchangeTimes
  /** Ends it: it fails then. */
  readonly signal: AbortSignal
}

/** Longest reply that is read; what follows is not looked at. */
const REPLY_OCTETS = 8_191

/**
 * Sends a request and reads the reply until `isWhole`, or until the daemon closes. Octets, one character for each.
 *
 * @throws {Fault} `unavailable` when there is no daemon, or it takes too long
 */
export async function exchange(options: ExchangeOptions, request: Buffer, isWhole: (reply: string) => boolean): Promise<string> {
  let reply = ''
  for await (const chunk of replyOf({...options, request, wholeMs: options.times.replyMs, pauseMs: options.times.replyMs})) {
    reply += chunk.toString('latin1', 0, REPLY_OCTETS - reply.length)
    if (reply.length >= REPLY_OCTETS || isWhole(reply)) break
  }
  return reply
}

/** Sends a request and gives the lines of the reply as they come. @throws {Fault} `unavailable` */
export async function* exchangeLines(options: ExchangeOptions, request: Buffer, maxLineOctets: number): AsyncGenerator<string> {
  let rest = ''
  for await (const chunk of replyOf({...options, request, wholeMs: undefined, pauseMs: options.times.listMs})) {
    const lines = (rest + chunk.toString('latin1')).split('\n')
    rest = lines.pop() ?? ''
    if (rest.length > maxLineOctets) throw new Fault('unavailable', `The authdaemond at ${options.path} sends a line without end`)
    yield* lines
  }
}

interface ReplyOptions extends ExchangeOptions {
  readonly request: Buffer
  readonly wholeMs: number | undefined
  readonly pauseMs: number
}

/** The reply as it comes. Ends with the connection, however it is left. */
async function* replyOf({path, times, signal, request, wholeMs, pauseMs}: ReplyOptions): AsyncGenerator<Buffer> {
  if (signal.aborted) throw new Fault('unavailable', 'Nobody asks the authdaemond any more')
  const socket = connect(path)
  const late = (what: string) => () => socket.destroy(new Fault('unavailable', `The authdaemond at ${path} ${what}`))
  const stop = late('is no longer asked')
  signal.addEventListener('abort', stop)
  const whole = wholeMs === undefined ? undefined : setTimeout(late('does not answer'), times.connectMs + times.writeMs + wholeMs)
  try {
    await within(socket, {ms: times.connectMs, late: late('does not take connections')}, (done) => socket.once('connect', done))
    await within(socket, {ms: times.writeMs, late: late('does not take the request')}, (done) => socket.write(request, () => done()))
    const pause = setTimeout(late('does not answer'), pauseMs)
    try {
      for await (const chunk of socket) {
        yield chunk as Buffer
        pause.refresh()
      }
    } finally {
      clearTimeout(pause)
    }
  } catch (error) {
    throw error instanceof Fault ? error : new Fault('unavailable', `The authdaemond at ${path}: ${systemText(error)}`, {cause: error})
  } finally {
    clearTimeout(whole)
    signal.removeEventListener('abort', stop)
    socket.on('error', () => undefined)
    socket.destroy()
  }
}

/** Waits for one step, the end of the socket, or until it is late. @throws {Error} */
function within(
  socket: Socket,
  {ms, late}: {readonly ms: number; readonly late: () => void},
  begin: (done: () => void) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (how: () => void) => {
      clearTimeout(timer)
      socket.off('error', onError).off('close', onClose)
      how()
    }
    const onError = (error: Error) => settle(() => reject(error))
    const onClose = () => settle(() => reject(new Error('It closed the connection')))
    const timer = setTimeout(late, ms)
    socket.on('error', onError).on('close', onClose)
    begin(() => settle(resolve))
  })
}
