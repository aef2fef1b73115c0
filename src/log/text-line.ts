/** Text lines of the log: Courier's own where it has one (`spec/imap.md` §22), because parsers and fail2ban rely on their shape. */
import {inspect} from 'node:util'
import {withoutControls} from '../support/printable.js'
import type {LogFacts, LogLevel} from './log.js'

/** Longest line in octets; what comes after it is dropped. */
const MAX_LINE_OCTETS = 1024
/** A bug's stack may be longer. */
const MAX_STACK_OCTETS = 16_384

/** Prefix that courierlogger turns into a priority (`spec/server-config-tls.md` §1.10). `NOTICE:` stays in the text there. */
const PREFIX: Record<LogLevel, string> = {
  debug: 'DEBUG: ',
  info: 'INFO: ',
  notice: 'NOTICE: ',
  warning: 'WARN: ',
  err: 'ERR: ',
  crit: 'CRIT: ',
  alert: 'ALERT: ',
}

type Render = (facts: LogFacts) => string

const peer = ({ip, port}: LogFacts) => `ip=[${ip ?? ''}], port=[${port ?? ''}]`
const octets = ({rcvd, sent}: LogFacts) => `rcvd=${rcvd ?? 0}, sent=${sent ?? 0}`
const work = (facts: LogFacts) => `headers=${facts.headers ?? 0}, body=${facts.body ?? 0}, ${octets(facts)}, time=${facts.seconds ?? 0}`
const startTls = ({tls}: LogFacts) => (tls ? ', starttls=1' : '')
const wholeSession = (facts: LogFacts) => `user=${facts.user ?? ''}, ${peer(facts)}, ${work(facts)}`

/** A connection that ends before its login is a debug line without a user. */
function ended(word: string): Render {
  return (facts) =>
    facts.user === undefined
      ? `DEBUG: Disconnected, ${peer(facts)}, time=${facts.seconds ?? 0}${startTls(facts)}`
      : `INFO: ${word}, ${wholeSession(facts)}${startTls(facts)}`
}

/** Courier: writes what a stranger typed as it is. With a comma in it he could have any address banned: `LOGIN "x, ip=[192.0.2.1]" …`. */
const oneField = (text: string) => text.replaceAll(',', '.')

const failedLogin: Render = ({user = '', method, ...facts}) =>
  `INFO: LOGIN FAILED, ${method === undefined ? `user=${oneField(user)}` : `method=${oneField(method)}`}, ${peer(facts)}`

const stls = ({tls}: LogFacts) => (tls ? ', stls=1' : '')

/** Courier's POP3 server (`spec/pop3-smap-proxy.md` §1.10): before the login, QUIT is logged and then the end, as a debug line. */
function pop3Ended(word: string): Render {
  return (facts) => {
    if (facts.user === undefined) return word === 'LOGOUT' ? `INFO: LOGOUT, ${peer(facts)}` : `DEBUG: Disconnected, ${peer(facts)}`
    const work = `top=${facts.top ?? 0}, retr=${facts.retr ?? 0}, ${octets(facts)}, time=${facts.seconds ?? 0}`
    return `INFO: ${word}, user=${facts.user}, ${peer(facts)}, ${work}${stls(facts)}`
  }
}

/** Events that Courier logs, with its prefix. */
const COURIER: Record<string, Render> = {
  'imap.connection': (facts) => `DEBUG: Connection, ${peer(facts)}`,
  'imap.login-failed': failedLogin,
  'imap.login': (facts) => `INFO: LOGIN, user=${facts.user ?? ''}, ${peer(facts)}, protocol=${facts.protocol ?? 'IMAP'}${startTls(facts)}`,
  'imap.logout': (facts) =>
    facts.user === undefined ? `INFO: LOGOUT, ${peer(facts)}, ${octets(facts)}` : `INFO: LOGOUT, ${wholeSession(facts)}${startTls(facts)}`,
  'imap.disconnected': ended('DISCONNECTED'),
  'imap.timeout': ended('TIMEOUT'),
  'imap.shutdown': (facts) => `NOTICE: Disconnected during shutdown by signal, ${wholeSession(facts)}`,
  'imap.id': (facts) =>
    `INFO: ID, user=${facts.user ?? ''}, ${peer(facts)}${(facts.pairs ?? []).map(([name, value]) => `, ${name}=${value}`).join('')}`,
  'imap.locked': (facts) => `INFO: LOCKED, user=${facts.user ?? ''}, ${peer(facts)}`,
  'pop3.connection': (facts) => `DEBUG: Connection, ${peer(facts)}`,
  'pop3.login-failed': failedLogin,
  'pop3.login': (facts) => `INFO: LOGIN, user=${facts.user ?? ''}, ${peer(facts)}${stls(facts)}`,
  'pop3.logout': pop3Ended('LOGOUT'),
  'pop3.disconnected': pop3Ended('DISCONNECTED'),
  'pop3.timeout': pop3Ended('TIMEOUT'),
  'pop3.io-error': pop3Ended('I/O error disconnect'),
  'pop3.deleted': (facts) => `INFO: DELETED, user=${facts.user ?? ''}, ${peer(facts)}, filename=cur/${facts.path ?? ''}`,
  'pop3.locked': (facts) => `INFO: LOCKED, user=${facts.user ?? ''}, ${peer(facts)}`,
  'auth.error': (facts) => `ERR: authentication error: ${facts.reason ?? ''}`,
  'net.address-limit': (facts) => `ALERT: Maximum connection limit reached for ${facts.ip ?? ''}`,
  'net.connection-limit': (facts) => `ALERT: ${facts.count ?? 0} maximum active connections.`,
  'net.many-connections': (facts) => `WARN: ${facts.count ?? 0} active connections.`,
  'net.proxy-refused': (facts) => `haproxy: ${facts.reason ?? ''}`,
  'net.dropped': (facts) => `WARN: dropped blocked connection from ${facts.ip ?? ''}`,
  // couriertls writes no prefix here (`spec/server-config-tls.md` §5.1).
  'tls.failed': (facts) => `ip=[${facts.ip ?? ''}], ${facts.reason ?? ''}`,
  'tls.closed': (facts) => `DEBUG: ip=[${facts.ip ?? ''}], ${facts.reason ?? ''}`,
}

function shown(name: string, value: unknown): string {
  if (name === 'ip' || name === 'port') return `${name}=[${String(value)}]`
  if (name === 'pairs') return (value as LogFacts['pairs'] & {})?.map(([key, text]) => `${key}=${text}`).join(', ')
  return `${name}=${typeof value === 'object' ? inspect(value) : String(value)}`
}

/** Any other event: its name and its facts. */
function generic(level: LogLevel, event: string, facts: LogFacts): string {
  const known = Object.entries(facts).filter(([name, value]) => value !== undefined && name !== 'error' && name !== 'service')
  return PREFIX[level] + [event, ...known.map(([name, value]) => shown(name, value))].join(', ')
}

/** Each octet that is not printable ASCII becomes `.`, as Courier writes what a stranger typed. */
function printable(text: string): string {
  return Buffer.from(text, 'utf8')
    .toString('latin1')
    .replace(/[^\x20-\x7e]/g, '.')
}

function cut(text: string, octetLimit: number): string {
  // No character takes more than three octets for each of its UTF-16 units.
  if (text.length * 3 <= octetLimit || Buffer.byteLength(text) <= octetLimit) return text
  // A character cut in two at the limit is left out.
  return Buffer.from(text)
    .subarray(0, octetLimit)
    .toString('utf8')
    .replace(/\ufffd$/, '')
}

/** Stack of what was thrown, one log line for each of its lines, with its causes. */
function stackLines(error: unknown): string[] {
  const text = error instanceof Error ? inspect(error, {depth: 3}) : `thrown: ${inspect(error)}`
  return cut(text, MAX_STACK_OCTETS).split('\n').map(withoutControls)
}

/** The lines of an event, without line ends. */
export function textLines(level: LogLevel, event: string, facts: LogFacts): string[] {
  const render = COURIER[event]
  const line = render ? render(facts) : generic(level, event, facts)
  const safe = event.endsWith('.login-failed') ? printable(line) : withoutControls(line)
  const lines = [cut(safe, MAX_LINE_OCTETS)]
  if (facts.error === undefined) return lines
  return [...lines, ...stackLines(facts.error).map((each) => `${PREFIX[level]}  ${each}`)]
}
