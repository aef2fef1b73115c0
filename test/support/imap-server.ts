/** An IMAP server in this process on a real socket, over a Maildir in a temporary directory. */
import {once} from 'node:events'
import {type AddressInfo, connect, createServer, type Server, type Socket} from 'node:net'
import type {Duplex} from 'node:stream'
import type {Account, Authenticator, CheckResult, ExchangeStep, TicketOffice} from '../../src/auth/account.js'
import {DEFAULT_IMAP_SETTINGS, type ImapSettings} from '../../src/imap/settings.js'
import type {StoreEnvironment} from '../../src/maildir/environment.js'
import {Mailstores} from '../../src/maildir/mailstores.js'
import {Deadlines} from '../../src/wire/deadlines.js'
import {StopSignal} from '../../src/wire/stop-signal.js'
import {DialogueClient} from './dialogue-client.js'
import {type ImapConnectionOptions, serveImap} from './serve-imap.js'
import {LogLines, makeFolder, storeEnvironment, TemporaryMaildir} from './store.js'

export interface ImapServerOptions {
  readonly settings?: Partial<ImapSettings>
  readonly connection?: Partial<ImapConnectionOptions>
  readonly quota?: string
  readonly accountOptions?: Readonly<Record<string, string>>
  /** Messages of the inbox, by file name in `cur/`; or a list of contents. */
  readonly inbox?: Readonly<Record<string, string>> | readonly string[]
  /** Folders to make, `.a.b`. */
  readonly folders?: readonly string[]
  /** Serves this one, which is the caller's to remove. */
  readonly maildir?: TemporaryMaildir
  readonly environment?: Partial<StoreEnvironment>
  /** Makes the encrypted stream of STARTTLS. */
  readonly startTls?: (socket: Duplex) => Duplex
}

/** Accepts `alice` with `secret`; `broken` finds no account source. */
export const PASSWORD = 'secret'

class TestAuth implements Authenticator, TicketOffice {
  readonly #account: Account
  readonly #tickets = new Set<string>()
  /** Checks so far. */
  checks = 0

  constructor(account: Account) {
    this.#account = account
  }

  async check({user, password}: {user: string; password: {reveal(): string}}): Promise<CheckResult> {
    this.checks++
    if (user === 'broken') return {outcome: 'unavailable', reason: 'No answer'}
    if (user !== this.#account.name || password.reveal() !== PASSWORD) return {outcome: 'refused'}
    const ticket = `ticket-${this.checks}`
    this.#tickets.add(ticket)
    return {outcome: 'accepted', ticket}
  }

  async begin(): Promise<ExchangeStep> {
    return {kind: 'failed', reason: 'refused'}
  }

  async redeem(ticket: string): Promise<Account | undefined> {
    return this.#tickets.delete(ticket) ? this.#account : undefined
  }
}

/** A client of the server that plays dialogues. */
export class TestClient extends DialogueClient implements AsyncDisposable {
  readonly socket: Socket

  constructor(socket: Socket) {
    super(socket)
    this.socket = socket
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy()
    if (!this.socket.closed) await once(this.socket, 'close')
  }
}

export class ImapServer implements AsyncDisposable {
  readonly maildir: TemporaryMaildir
  readonly log = new LogLines()
  readonly auth: TestAuth
  readonly account: Account
  readonly settings: ImapSettings
  readonly deadlines = new Deadlines({tickMs: 10})
  /** Sessions that have ended resolve. */
  readonly sessions: Promise<void>[] = []
  readonly #options: ImapServerOptions
  readonly #stores: Mailstores
  readonly #shutdown = new StopSignal()
  readonly #clients: TestClient[] = []
  #server: Server | undefined

  constructor(options: ImapServerOptions) {
    this.#options = options
    this.maildir = options.maildir ?? new TemporaryMaildir()
    this.settings = {...DEFAULT_IMAP_SETTINGS, failedLoginMs: 30, version: '1.2.3', ...options.settings}
    this.account = {
      name: 'alice',
      uid: process.getuid?.() ?? 0,
      gid: process.getgid?.() ?? 0,
      home: this.maildir.home,
      maildir: this.maildir.path,
      quota: options.quota,
      fullName: undefined,
      options: new Map(Object.entries(options.accountOptions ?? {})),
    }
    this.auth = new TestAuth(this.account)
    this.#stores = new Mailstores(storeEnvironment({log: this.log, keywordsMode: this.settings.keywords ? 1 : 0, ...options.environment}))
  }

  async start(): Promise<this> {
    this.#server = createServer({allowHalfOpen: true, noDelay: true}, (socket) => this.serve(socket))
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    return this
  }

  get port(): number {
    return (this.#server?.address() as AddressInfo | undefined)?.port ?? 0
  }

  /** Serves a stream of any kind. */
  serve(stream: Duplex): void {
    const {connection, startTls} = this.#options
    const session = serveImap({
      stream,
      remote: {ip: '::ffff:192.0.2.9', port: 999},
      encrypted: false,
      settings: this.settings,
      deadlines: this.deadlines,
      log: this.log,
      authenticator: this.auth,
      tickets: this.auth,
      openStore: (account) => this.#stores.open(account),
      shutdown: this.#shutdown,
      startTls: startTls && (async () => startTls(stream)),
      ...connection,
    })
    this.sessions.push(session)
  }

  /** A connection before its greeting. */
  async connect(): Promise<TestClient> {
    if (!this.#server) throw new Error('The server was not started')
    const {port} = this.#server.address() as AddressInfo
    const socket = connect({port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true})
    await once(socket, 'connect')
    const client = new TestClient(socket)
    this.#clients.push(client)
    return client
  }

  /** A connection after its login. */
  async login(): Promise<TestClient> {
    const client = await this.connect()
    await client.transcript(`
      S: * OK [CAPABILITY *
      C: login LOGIN alice ${PASSWORD}
      S: login OK LOGIN Ok.
    `)
    return client
  }

  /** What a shutdown by signal does to sessions. */
  shutdown(): void {
    this.#shutdown.stop()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) await client[Symbol.asyncDispose]()
    await Promise.all(this.sessions)
    this.#server?.close()
    if (!this.#options.maildir) this.maildir[Symbol.dispose]()
    const bugs = this.log.lines.filter((line) => line.startsWith('imap.bug'))
    if (bugs.length > 0) throw new Error(bugs.join('\n'))
  }
}

/** Puts messages and folders into a Maildir. */
export function fillMaildir(maildir: TemporaryMaildir, {inbox = {}, folders = []}: Pick<ImapServerOptions, 'inbox' | 'folders'>): void {
  const files = Array.isArray(inbox)
    ? inbox.map((content: string, i) => [`100000000${i + 1}.M${i + 1}P1.host:2,`, content] as const)
    : Object.entries(inbox as Record<string, string>)
  for (const [name, content] of files) maildir.put(name, content, 'cur')
  for (const folder of folders) makeFolder(`${maildir.path}/${folder}`)
}

/** A server with messages and folders. */
export async function imapServer(options: ImapServerOptions = {}): Promise<ImapServer> {
  const server = new ImapServer(options)
  fillMaildir(server.maildir, options)
  return server.start()
}
