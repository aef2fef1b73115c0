import type {Socket} from 'node:net'
import {Hangup} from '../support/fault.js'
import {type ProxyHeader, readProxyHeader} from './proxy-header.js'

/** A header that has been read. */
export type TakenHeader = Extract<ProxyHeader, {kind: 'proxied' | 'local'}>

/**
 * Reads the PROXY header off a new connection, as the first octets, and nothing behind it: what follows belongs to the
 * protocol and stays in the socket.
 *
 * @throws {Hangup} `closed` with Courier's words, when there is none, it is broken, or it does not come in time. An empty text: the
 * peer has closed without a word, as probes do
 */
export function takeProxyHeader(socket: Socket, timeoutMs: number): Promise<TakenHeader> {
  return new Promise((resolve, reject) => {
    let octets: Buffer = Buffer.alloc(0)
    const settle = (act: () => void) => {
      clearTimeout(timer)
      socket.off('readable', read).off('end', ended).off('close', ended)
      act()
    }
    const fail = (reason: string) => settle(() => reject(new Hangup('closed', reason)))
    const ended = () => fail(octets.length > 0 ? 'connection closed' : '')
    const read = () => {
      for (;;) {
        const chunk = socket.read() as Buffer | null
        if (chunk === null) return
        octets = octets.length === 0 ? chunk : Buffer.concat([octets, chunk])
        const header = readProxyHeader(octets)
        if (header.kind === 'bad') return fail(header.reason)
        if (header.kind === 'more') continue
        return settle(() => {
          const rest = octets.subarray(header.octets)
          if (rest.length > 0) socket.unshift(rest)
          resolve(header)
        })
      }
    }
    const timer = setTimeout(() => fail('timeout'), timeoutMs)
    socket.on('readable', read).on('end', ended).on('close', ended)
    if (socket.destroyed) ended()
    else read()
  })
}
