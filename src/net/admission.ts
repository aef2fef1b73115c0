/**
 * Who may connect: PROXY header, access rules, lists in the DNS, in Courier's order (`spec/server-config-tls.md` §1.3).
 *
 * All of it is done for each connection on its own: a silent proxy or a slow name server delays nobody else.
 */
import type {Socket} from 'node:net'
import type {TcpdOptions} from '../config/tcpd-options.js'
import type {Log} from '../log/log.js'
import {errnoOf, Hangup} from '../support/fault.js'
import type {Networks} from '../support/networks.js'
import type {AccessFile} from './access/access-file.js'
import {accessFor} from './access/access-rules.js'
import type {DnsLists} from './dns-lists.js'
import {localPeer, type Peer, remotePeer, shownPeer} from './peer.js'
import {takeProxyHeader} from './take-proxy-header.js'

export interface AdmissionPolicy {
  readonly options: Pick<TcpdOptions, 'accessLocal' | 'denyMessage' | 'lists' | 'drop' | 'proxy'>
  readonly access: AccessFile | undefined
  /** Who may send a PROXY header. */
  readonly trustedProxies: Networks
}

/** Who has connected to what, as the rules see it. */
export interface Caller {
  readonly remote: Peer
  readonly local: Peer
  /** What access rules and lists have set. */
  readonly variables: ReadonlyMap<string, string>
}

/** The connection is closed, after this line if there is one. */
export interface Denied {
  readonly lastLine: string | undefined
}

export interface AdmissionOptions {
  readonly lists: DnsLists
  readonly log: Log
}

export class Admission {
  readonly #lists: DnsLists
  readonly #log: Log

  constructor({lists, log}: AdmissionOptions) {
    this.#lists = lists
    this.#log = log
  }

  /** A connection as the socket shows it, when that is all there is to know: no header, no rules. */
  plain(socket: Socket, policy: AdmissionPolicy | undefined): Caller | undefined {
    if (policy && (policy.access || proxyTimeout(socket, policy) !== undefined)) return undefined
    return {remote: remotePeer(socket), local: localPeer(socket), variables: new Map()}
  }

  /**
   * Reads the PROXY header and asks the access rules.
   *
   * @throws {Hangup} when the header is missing or broken; the reason is logged
   */
  async identify(socket: Socket, policy: AdmissionPolicy): Promise<Caller | Denied> {
    const {options, access} = policy
    const ends = await this.#ends(socket, policy)
    const variables = new Map<string, string>()
    if (!access) return {...ends, variables}
    const table = await access.table()
    if (options.accessLocal) {
      const own = localPeer(socket)
      const verdict = accessFor(table, own.ip, own.port)
      // Courier: this one closes without the message.
      if (!verdict.allowed) return {lastLine: undefined}
      for (const [name, value] of verdict.variables) variables.set(name, value)
    }
    const verdict = accessFor(table, ends.remote.ip)
    if (!verdict.allowed) return {lastLine: options.denyMessage}
    for (const [name, value] of verdict.variables) variables.set(name, value)
    return {...ends, variables}
  }

  /** Asks the DNS, for a caller who has a place. */
  async ask(caller: Caller, {options}: AdmissionPolicy): Promise<Caller | Denied> {
    const {lists, drop, denyMessage} = options
    const found = await this.#lists.variablesFor(caller.remote.ip, {lists, known: caller.variables})
    const variables = new Map([...caller.variables, ...found])
    if (!drop.some((name) => (variables.get(name) ?? '') !== '')) return {...caller, variables}
    this.#log.warning('net.dropped', {ip: caller.remote.ip})
    return {lastLine: denyMessage}
  }

  async #ends(socket: Socket, policy: AdmissionPolicy): Promise<{remote: Peer; local: Peer}> {
    const seen = {remote: remotePeer(socket), local: localPeer(socket)}
    const timeoutMs = proxyTimeout(socket, policy)
    if (timeoutMs === undefined) return seen
    try {
      if (!policy.trustedProxies.has(seen.remote.ip)) throw new Hangup('closed', `${seen.remote.ip} is not in PROXY_PROTOCOL_NETWORKS`)
      const header = await takeProxyHeader(socket, timeoutMs)
      if (header.kind === 'local') return seen
      const {sourceIp, sourcePort, destinationIp, destinationPort} = header.addresses
      return {remote: shownPeer(sourceIp, sourcePort), local: shownPeer(destinationIp, destinationPort)}
    } catch (error) {
      const text = error instanceof Error ? error.message : ''
      // Who closes at once wanted to know whether we are here.
      if (text !== '' && errnoOf(error) === undefined) this.#log.info('net.proxy-refused', {ip: seen.remote.ip, reason: text})
      throw error
    }
  }
}

export function isDenied(answer: Caller | Denied): answer is Denied {
  return 'lastLine' in answer
}

/** How long to wait for a PROXY header; undefined: none is expected. The last entry that fits counts. */
function proxyTimeout(socket: Socket, {options: {proxy}}: AdmissionPolicy): number | undefined {
  if (proxy.length === 0) return undefined
  const {ip, port} = localPeer(socket)
  return proxy.findLast((each) => (each.port ?? port) === port && (each.address === undefined || shownPeer(each.address, port).ip === ip))
    ?.timeoutMs
}
