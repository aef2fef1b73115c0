/**
 * `imapd MAILDIR`: one IMAP session on standard input and output, for the user who runs it, as Courier's `imapd` (`spec/imap.md` §1.2).
 *
 * Mail programs use it as a tunnel (`ssh host courier imapd Maildir`), and so does whoever has done the login himself: `IMAPLOGINTAG`,
 * `AUTHENTICATED`, `TCPREMOTEIP` and `TCPREMOTEPORT` say for whom then.
 */
import {fstatSync, readFileSync} from 'node:fs'
import {Socket} from 'node:net'
import {homedir, userInfo} from 'node:os'
import {resolve} from 'node:path'
import {Duplex} from 'node:stream'
import type {Account} from '../auth/account.js'
import {parseOptions} from '../auth/options.js'
import {configDirectory} from '../config/config-directory.js'
import {IMAPD} from '../config/imapd-options.js'
import {defaultPlaces} from '../config/places.js'
import {hasErrors, problemText} from '../config/problem.js'
import {readConfiguration} from '../config/read-configuration.js'
import {serveImapSession} from '../imap/serve-session.js'
import {Fault} from '../support/fault.js'
import {Channel} from '../wire/channel.js'
import {Deadlines} from '../wire/deadlines.js'
import type {ConnectionEnd} from '../wire/hand-over.js'
import {StopSignal} from '../wire/stop-signal.js'
import {imapSettings} from './imap-settings.js'
import {commandLog} from './index/index-places.js'
import {indexKind, makeIndex} from './index/make-index.js'
import {mailSettings} from './mail-settings.js'
import {mailProcess, startMail} from './start-mail.js'
import {isRoot} from './unprivileged-user.js'

export interface StdioSession {
  /** As typed; relative to the working directory, which is the home of the account. */
  readonly maildir: string
  readonly config: string | undefined
  readonly env: NodeJS.ProcessEnv
}

/** What the login before this program has found; undefined when nobody has logged in. */
interface DoneLogin {
  readonly tag: string
  readonly user: string
  readonly remote: ConnectionEnd
}

/** The tag and who it is; without a tag the session greets with `* PREAUTH`. @throws {Fault} */
function loginOf({IMAPLOGINTAG: tag, AUTHENTICATED: user, TCPREMOTEIP: ip, TCPREMOTEPORT: port}: NodeJS.ProcessEnv): DoneLogin | undefined {
  if (!tag) return undefined
  if (!user) throw new Fault('unavailable', 'AUTHENTICATED environment variable not set.')
  return {tag, user, remote: {ip: ip ?? '', port: Number(port) || 0}}
}

function accountOf({maildir, env}: StdioSession, login: DoneLogin | undefined): Account {
  return {
    name: login?.user ?? (env.AUTHENTICATED || userInfo().username),
    uid: process.geteuid?.() ?? -1,
    gid: process.getegid?.() ?? -1,
    home: process.cwd(),
    maildir: resolve(maildir),
    quota: env.MAILDIRQUOTA || undefined,
    fullName: env.AUTHFULLNAME || undefined,
    options: parseOptions(env.OPTIONS ?? ''),
  }
}

/** One socket for both, as inetd has it, is one stream; else there are two. */
function standardStream(): Duplex {
  const [input, output] = [fstatSync(0), fstatSync(1)]
  if (input.isSocket() && input.ino === output.ino && input.dev === output.dev)
    return new Socket({fd: 0, allowHalfOpen: true, readable: true, writable: true})
  return Duplex.from({readable: process.stdin, writable: process.stdout})
}

function version(): string {
  const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as {version: string}).version
}

/** Serves the session to its end. @throws {Fault} when there can be none, with a text for the client */
export async function serveImapOnStdio(session: StdioSession): Promise<void> {
  const {config, env} = session
  const login = loginOf(env)
  const {imap, problems} = await readConfiguration(configDirectory(config, env))
  if (hasErrors(problems)) throw new Fault('bad-configuration', problems.map(problemText).join('; '))
  const log = commandLog()
  process.umask(imap.get(IMAPD.IMAP_UMASK))
  const {cache} = defaultPlaces({root: isRoot(), home: homedir(), env})
  const index = makeIndex({kind: indexKind(env.COURIER_INDEX), cache}, log)
  const open = startMail(mailProcess(log, index), mailSettings(imap))
  const account = accountOf(session, login)
  const remote = login?.remote ?? {ip: '127.0.0.1', port: 0}
  const shutdown = new StopSignal()
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, () => shutdown.stop())
  const encrypted = Number(env.IMAP_TLS) > 0
  await serveImapSession({
    channel: new Channel(standardStream(), {deadlines: new Deadlines(), encrypted}),
    remote,
    encrypted,
    account,
    tag: login?.tag,
    openStore: (found) => open(found, remote),
    settings: imapSettings(imap, {version: version(), tokens: false, modules: [], failedLoginMs: 0}),
    log,
    shutdown,
  })
  await index.close()
}
