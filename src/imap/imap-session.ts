import type {Log} from '../log/log.js'
import type {View} from '../maildir/types.js'
import {BadSyntax, Hangup} from '../support/fault.js'
import type {Channel, Line} from '../wire/channel.js'
import {LIMITS, TIMES} from '../wire/limits.js'
import type {LiveSession, SessionFacts, TraceLine, TraceOptions} from '../wire/live-session.js'
import {ReplyWriter} from './replies/reply-writer.js'
import type {ClientFacts, Session} from './session.js'
import type {ImapSettings} from './settings.js'
import {imapTap} from './trace.js'

export interface ImapSessionOptions {
  readonly channel: Channel
  readonly settings: ImapSettings
  readonly log: Log
  readonly client: ClientFacts
  readonly now: () => number
  /** The words of CAPABILITY. */
  readonly capability: () => string
}

/** The session of one connection: what verbs see of it, and what the connection keeps there. */
export class ImapSession implements Session, LiveSession {
  readonly out: ReplyWriter
  readonly settings: ImapSettings
  readonly counters = {headers: 0, body: 0}
  readonly log: Log
  readonly now: () => number
  readonly capability: () => string
  readonly #channel: Channel
  client: ClientFacts
  announcedKeywords: readonly string[] = []
  readonly #beganMs: number
  #command: string | undefined
  /** When the last command came or was answered. */
  #activeMs: number
  #view: View | undefined
  #utf8 = false

  constructor({channel, settings, log, client, now, capability}: ImapSessionOptions) {
    this.#channel = channel
    this.out = new ReplyWriter(channel)
    this.settings = settings
    this.log = log
    this.client = client
    this.now = now
    this.capability = capability
    this.#beganMs = now()
    this.#activeMs = this.#beganMs
  }

  get signal(): AbortSignal {
    return this.#channel.signal
  }

  /** Says what `signal.aborted` says, without a signal. */
  get isGone(): boolean {
    return this.#channel.isGone
  }

  get view(): View | undefined {
    return this.#view
  }

  get utf8(): boolean {
    return this.#utf8
  }

  enableUtf8(): void {
    this.#utf8 = true
    this.out.utf8 = true
  }

  select(view: View | undefined): void {
    const old = this.#view
    this.#view = view
    this.announcedKeywords = []
    old?.close()
  }

  /** The command that runs now; undefined between commands. */
  set command(name: string | undefined) {
    this.#command = name
    this.#activeMs = this.now()
  }

  get protocol(): 'IMAP' {
    return 'IMAP'
  }

  get user(): string {
    return this.client.user ?? ''
  }

  facts(): SessionFacts {
    const {received, sent, encrypted} = this.#channel
    const {protocol, user} = this
    const {ip, port} = this.client
    const folder = this.#view?.name
    const beganMs = this.#beganMs
    return {protocol, user, ip, port, encrypted, folder, command: this.#command, beganMs, activeMs: this.#activeMs, received, sent}
  }

  kick(): void {
    this.#channel.interrupt(new Hangup('kicked'))
    // A command that runs may take long, and a client may not read what it is told.
    setTimeout(() => this.#channel.destroy(new Hangup('kicked')), TIMES.closingMs).unref()
  }

  trace(line: TraceLine | undefined, options: TraceOptions = {contents: false}): void {
    this.#channel.tap = line && imapTap(line, options)
  }

  readLine(options: {readonly withinMs: number}): Promise<Buffer | undefined> {
    return this.#channel.readLine(LIMITS.lineBeforeLogin, options).then(wholeLine)
  }
}

function wholeLine(line: Line | undefined): Buffer | undefined {
  if (line?.cut) throw new BadSyntax('The line is too long')
  return line?.bytes
}
