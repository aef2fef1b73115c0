import {DAEMON_LIMITS} from './limits.js'
import {parseAuthData, parseRequestLine} from './parse-request.js'
import type {DaemonRequest} from './request.js'

const LINE_FEED = 0x0a

/** A request, `invalid` for one that gets no answer, or undefined while more octets are needed. */
export type Reading = DaemonRequest | 'invalid' | undefined

/**
 * Takes the octets of one connection as they come: metadata lines, then one request (`spec/auth.md` §12). Holds at most one line
 * or the data of one AUTH. What comes after the request is ignored: Cyrus SASL sends a line feed that it does not count.
 */
export class RequestReader {
  #pending: Buffer = Buffer.alloc(0)
  #remote = ''
  #metadataOctets = 0
  /** Length of the data of AUTH, once its line has been read. */
  #dataOctets: number | undefined

  push(chunk: Buffer): Reading {
    let rest = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk])
    while (this.#dataOctets === undefined) {
      const end = rest.indexOf(LINE_FEED)
      if (end > DAEMON_LIMITS.lineOctets || (end < 0 && rest.length > DAEMON_LIMITS.lineOctets)) return 'invalid'
      if (end < 0) return this.#keep(rest)
      const line = parseRequestLine(rest.toString('latin1', 0, end), this.#remote)
      rest = rest.subarray(end + 1)
      if (line.kind === 'invalid') return 'invalid'
      if (line.kind === 'request') return line.request
      if (line.kind === 'data-follows') this.#dataOctets = line.octets
      else if (!this.#addMetadata(line, end + 1)) return 'invalid'
    }
    if (rest.length < this.#dataOctets) return this.#keep(rest)
    return parseAuthData(rest.toString('latin1', 0, this.#dataOctets), this.#remote) ?? 'invalid'
  }

  #addMetadata({name, value}: {readonly name: string; readonly value: string}, octets: number): boolean {
    if (name === 'TCPREMOTEIP') this.#remote = value.slice(0, DAEMON_LIMITS.remoteCharacters)
    this.#metadataOctets += octets
    return this.#metadataOctets <= DAEMON_LIMITS.metadataOctets
  }

  /** A copy: the chunk that it came in may be much longer. */
  #keep(rest: Buffer): undefined {
    this.#pending = Buffer.from(rest)
    return undefined
  }
}
