/** The socket on which our daemon answers other programs: maildrop, Postfix through Cyrus SASL, Exim, Courier's own tools. */
import {stat} from 'node:fs/promises'
import type {AuthRole} from '../auth/auth-role.js'
import {DaemonAnswers} from '../auth/daemon/answer.js'
import {cramLogins} from '../auth/daemon/cram-logins.js'
import {DaemonServer} from '../auth/daemon/daemon-server.js'
import {daemonSocketIn} from '../auth/daemon/socket-path.js'
import type {Log} from '../log/log.js'
import {Fault} from '../support/fault.js'
import type {SocketOwner} from '../support/unix-socket.js'
import type {PublicSocketSettings} from './auth-settings.js'
import type {AuthSettings} from './start-auth.js'

const OTHERS_ENTER = 0o001

export interface PublicSocketOptions {
  readonly socket: PublicSocketSettings
  /** The account sources of the moment. */
  readonly role: () => {readonly role: AuthRole; readonly settings: AuthSettings}
  /** Whose the directory is when it has to be made. */
  readonly owner: SocketOwner | undefined
  readonly log: Log
}

/**
 * The daemon on its socket. @throws {Fault} `bad-configuration` when the socket cannot be made, `busy` when another authdaemond
 * answers there: it keeps it, because other programs may depend on what it says (`design.md` §5)
 */
export async function startDaemon({socket, role, owner, log}: PublicSocketOptions): Promise<DaemonServer> {
  const path = daemonSocketIn(socket.directory)
  const answers = () => {
    const {role: accounts, settings} = role()
    const defaults = {options: settings.defaultOptions, maildir: settings.defaultMaildir}
    return new DaemonAnswers({modules: accounts.modules, defaults, authenticators: cramLogins(accounts.modules), log})
  }
  const server = new DaemonServer({path, answers, log, owner})
  if ((await server.open()) === 'taken') throw new Fault('busy', `Another authdaemond answers at ${path}`)
  log.info('authdaemon.listening', {path})
  if (((await stat(socket.directory)).mode & OTHERS_ENTER) !== 0) {
    log.warning('authdaemon.open-to-all', {
      path: socket.directory,
      reason: 'Everybody on this host may ask for accounts and their password hashes: the directory should be closed to others (mode 0750)',
    })
  }
  return server
}

/** The same for a server that has other things to do: without the socket it says so and goes on. */
export async function openPublicSocket(options: PublicSocketOptions): Promise<DaemonServer | undefined> {
  const {socket, log} = options
  if (!socket.listen) return undefined
  try {
    return await startDaemon(options)
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    const meaning =
      error.code === 'busy' ? 'it goes on answering other programs, this server does not' : 'other programs cannot ask for accounts'
    log.warning('authdaemon.no-socket', {reason: `${error.message}: ${meaning}`})
    return undefined
  }
}
