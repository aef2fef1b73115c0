/** The mail processes: one for each uid and gid whose sessions live, or several of which each has its share of the accounts. */
import {createHash, randomBytes} from 'node:crypto'
import {chmodSync, chownSync} from 'node:fs'
import {join} from 'node:path'
import type {Account} from '../../auth/account.js'
import {plainAccount} from '../../auth/plain-account.js'
import type {Log} from '../../log/log.js'
import type {SocketHandle} from '../../net/passed-socket.js'
import {bindLocalSocket, type ServerHandle} from '../../net/server-handle.js'
import type {InspectedParts} from '../control/inspected-parts.js'
import {prepareIndexDirectory} from '../index/index-directory.js'
import type {SystemUser} from '../unprivileged-user.js'
import type {FrontProcess, HandOverMessage} from './front-keeper.js'
import {type FromMail, type MailConfiguration, readFromMail, type ToMail} from './messages.js'
import {RoleProcess} from './role-process.js'
import type {RoleSpawn} from './spawn-role.js'

/** A session that a front has handed over, and whose it is. */
export interface MailSession {
  readonly front: FrontProcess
  readonly message: HandOverMessage
  readonly account: Account
  /** The client's socket, if it was passed. */
  readonly handle: SocketHandle | undefined
  /** A mail process has ended before it took the session. */
  readonly wasLost?: boolean
}

export interface MailProcessesOptions {
  readonly configuration: () => MailConfiguration
  readonly spawn: (account: Account, title: string) => RoleSpawn
  /** How many processes share the accounts of one uid and gid. */
  readonly shares: () => number
  /** Directory for the sockets of relayed sessions: nobody else may write it. */
  readonly directory: string
  /** Who may connect to them. */
  readonly front: SystemUser
  /** Says to the front that a session cannot be served. */
  readonly giveBack: (session: MailSession) => void
  readonly ended: (session: number) => void
  readonly parts: InspectedParts
  readonly jsonLine: (line: string) => void
  readonly log: Log
  /** From the last session to the end of the process; tests have their own. */
  readonly idleMs?: number
}

const IDLE_MS = 60_000
/** For a process to be ready for sessions. */
const START_MS = 30_000
/** For the sessions of one that ends because there are none. */
const NO_SESSIONS_MS = 2_000
const KEY_OCTETS = 16

/** Which process serves an account: always the same for a Maildir. */
export function shareOf({maildir}: Pick<Account, 'maildir'>, shares: number): number {
  return shares <= 1 ? 0 : createHash('sha256').update(maildir).digest().readUInt32BE() % shares
}

interface Running {
  readonly process: RoleProcess<ToMail, FromMail>
  readonly path: string
  readonly socket: ServerHandle
  /** Its sessions; those that it has not taken yet are whole: another process could serve them. */
  readonly live: Map<number, MailSession | undefined>
  /** Hand-overs that wait until it is ready. */
  readonly waiting: MailSession[]
  state: 'starting' | 'ready' | 'ending'
  timer: NodeJS.Timeout | undefined
}

interface Slot {
  readonly key: string
  running: Running | undefined
  /** Hand-overs that wait until the process that ends has ended: an account is served by one at a time. */
  readonly next: MailSession[]
}

export class MailProcesses {
  readonly #options: MailProcessesOptions
  readonly #slots = new Map<string, Slot>()
  #sockets = 0
  #stopping = false

  constructor(options: MailProcessesOptions) {
    this.#options = options
  }

  /** How many run. */
  get count(): number {
    return [...this.#slots.values()].filter(({running}) => running).length
  }

  /** Serves a session in the process of its account, which is started when there is none. */
  take(session: MailSession): void {
    const {giveBack} = this.#options
    if (this.#stopping) {
      giveBack(session)
      return
    }
    const slot = this.#slotFor(session.account)
    if (slot.running?.state === 'ending') {
      slot.next.push(session)
      return
    }
    try {
      slot.running ??= this.#start(slot, session.account)
    } catch (error) {
      this.#options.log.error('mail.not-started', {user: session.account.name, error})
      giveBack(session)
      return
    }
    if (slot.running.state === 'starting') slot.running.waiting.push(session)
    else this.#give(slot.running, session)
  }

  #slotFor(account: Account): Slot {
    const {uid, gid, systemUser} = account
    // A system user's groups are his own: he has a process for himself.
    const share = systemUser === undefined ? shareOf(account, this.#options.shares()) : 0
    const key = `${uid}:${gid}${systemUser === undefined ? '' : ` ${systemUser}`}${share === 0 ? '' : ` #${share + 1}`}`
    const slot = this.#slots.get(key) ?? {key, running: undefined, next: []}
    this.#slots.set(key, slot)
    return slot
  }

  #start(slot: Slot, account: Account): Running {
    const {configuration, spawn, directory, front, parts, jsonLine, log} = this.#options
    const {index, ...rest} = configuration()
    try {
      if (index.kind === 'flat') prepareIndexDirectory(index.cache, account)
    } catch (error) {
      log.warning('index.off', {path: index.cache, reason: error instanceof Error ? error.message : String(error)})
    }
    const path = join(directory, `mail-${++this.#sockets}`)
    const socket = bindLocalSocket(path)
    chmodSync(path, 0o600)
    chownSync(path, front.uid, front.gid)
    const running: Running = {
      process: new RoleProcess({
        spawn: spawn(account, `courier: mail ${slot.key}`),
        read: readFromMail,
        take: (message) => this.#said(running, message),
        ended: () => this.#lost(slot, running),
        parts,
        jsonLine,
        log,
      }),
      path,
      socket,
      live: new Map(),
      waiting: [],
      state: 'starting',
      timer: undefined,
    }
    running.timer = setTimeout(() => running.process.kill(), START_MS)
    running.process.send({kind: 'configure', index, ...rest})
    running.process.send({kind: 'socket'}, socket)
    return running
  }

  #said(running: Running, message: FromMail): void {
    if (message.kind === 'taken' || message.kind === 'ended') {
      this.#taken(running, message.session)
      if (message.kind === 'taken') return
      if (running.live.delete(message.session)) this.#options.ended(message.session)
      this.#rest(running)
      return
    }
    if (running.state !== 'starting') return
    running.state = 'ready'
    clearTimeout(running.timer)
    for (const session of running.waiting.splice(0)) this.#give(running, session)
  }

  /** From now on the session lives and dies with the process. */
  #taken({live}: Running, session: number): void {
    live.get(session)?.handle?.close()
    if (live.has(session)) live.set(session, undefined)
  }

  #give(running: Running, whole: MailSession): void {
    const {front, message, account, handle} = whole
    const {session, service, connection} = message
    clearTimeout(running.timer)
    running.live.set(session, whole)
    const key = handle ? undefined : randomBytes(KEY_OCTETS).toString('hex')
    running.process.send({kind: 'session', session, service, account: plainAccount(account), connection, key}, handle)
    if (key !== undefined) front.send({kind: 'relay', session, path: running.path, key})
  }

  /** Without sessions it ends after a while. */
  #rest(running: Running): void {
    if (running.live.size > 0 || running.state !== 'ready') return
    clearTimeout(running.timer)
    running.timer = setTimeout(() => void this.#end(running, NO_SESSIONS_MS), this.#options.idleMs ?? IDLE_MS)
    running.timer.unref()
  }

  async #end(running: Running, limitMs: number): Promise<void> {
    running.state = 'ending'
    clearTimeout(running.timer)
    await running.process.stop({kind: 'stop', limitMs}, limitMs)
  }

  #lost(slot: Slot, running: Running): void {
    const {ended, giveBack} = this.#options
    clearTimeout(running.timer)
    running.socket.close()
    slot.running = undefined
    const sessions = [...running.live]
    for (const [session, whole] of sessions) if (!whole) ended(session)
    for (const session of running.waiting) giveBack(session)
    const lost = sessions.flatMap(([, whole]) => whole ?? [])
    for (const session of lost) if (session.wasLost) giveBack(session)
    const next = [...lost.filter(({wasLost}) => !wasLost).map((session) => ({...session, wasLost: true})), ...slot.next.splice(0)]
    if (next.length === 0) this.#slots.delete(slot.key)
    for (const session of next) this.take(session)
  }

  reconfigure(): void {
    for (const {running} of this.#slots.values()) running?.process.send({kind: 'configure', ...this.#options.configuration()})
  }

  /** Says goodbye to these sessions. */
  endSessions(sessions: readonly number[]): void {
    for (const {running} of this.#slots.values()) {
      const own = sessions.filter((session) => running?.live.has(session))
      if (own.length > 0) running?.process.send({kind: 'end', sessions: own})
    }
  }

  /** Each process ends with its sessions, and the next login starts another one. */
  async replace(limitMs: number): Promise<void> {
    const running = [...this.#slots.values()].flatMap((slot) => slot.running ?? [])
    await Promise.all(running.map((each) => this.#end(each, limitMs)))
  }

  async stop(limitMs: number): Promise<void> {
    this.#stopping = true
    await this.replace(limitMs)
  }
}
