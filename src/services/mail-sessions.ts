/** The sessions of a process that serves mail, whoever handed them over. */
import type {Account} from '../auth/account.js'
import {Capabilities} from '../imap/capability.js'
import {serveImapSession} from '../imap/serve-session.js'
import type {ImapSettings} from '../imap/settings.js'
import {VERBS} from '../imap/verbs/registry.js'
import type {Log} from '../log/log.js'
import {warmUpSoon} from '../maildir/warm-up.js'
import type {HandedOver} from '../wire/hand-over.js'
import type {SessionBook} from '../wire/live-session.js'
import {BySettings} from './by-settings.js'
import type {MailSettings} from './mail-settings.js'
import type {MailRoleOptions} from './roles.js'
import type {ServiceName} from './server-configuration.js'
import {serviceLogs} from './service-logs.js'
import {type MailProcess, startMail} from './start-mail.js'

/** A service as its sessions see it. */
export interface SessionService {
  readonly imap: ImapSettings
  readonly mail: MailSettings
}

export interface MailSessionsOptions {
  /** What the process has once. */
  readonly shared: MailProcess
  /** The configuration of the moment: looked at for each session. */
  readonly service: (name: ServiceName) => SessionService
  /** Lists the sessions while they live. */
  readonly book?: SessionBook | undefined
  readonly log: Log
}

export class MailSessions {
  readonly #options: MailSessionsOptions
  readonly #logs: Readonly<Record<ServiceName, Log>>
  readonly #capabilities = new BySettings((settings: ImapSettings) => new Capabilities(settings, VERBS))
  readonly #mail: BySettings<MailSettings, ReturnType<typeof startMail>>
  #warmsUp = false

  constructor(options: MailSessionsOptions) {
    this.#options = options
    this.#logs = serviceLogs(options.log)
    this.#mail = new BySettings((settings) => startMail(options.shared, settings))
  }

  /** Serves a session to its end; `account` is undefined when its ticket was not good. Never rejects. */
  serve(connection: HandedOver, {account, service, shutdown}: MailRoleOptions & {readonly account: Account | undefined}): Promise<void> {
    const {book} = this.#options
    const {imap, mail} = this.#options.service(service)
    const open = this.#mail.for(mail)
    this.#warmUpFor(account)
    const {channel, remote, encrypted, tag, elapsedMs} = connection
    return serveImapSession({
      channel,
      remote,
      encrypted,
      tag,
      elapsedMs,
      account,
      openStore: (found) => open(found, remote),
      settings: imap,
      capabilities: this.#capabilities.for(imap),
      book,
      log: this.#logs[service],
      shutdown,
    })
  }

  /** With the first session, as what comes with it (modules that are loaded then, …) makes V8 drop code. */
  #warmUpFor(account: Account | undefined): void {
    // A system user's process has one mailbox to open: not worth it.
    if (this.#warmsUp || !account || account.systemUser !== undefined) return
    this.#warmsUp = true
    warmUpSoon()
  }
}
