/** The log of a process: to standard error or to syslog, and JSON beside them in a file. */
import {fstat} from 'node:fs'
import {stat} from 'node:fs/promises'
import {promisify} from 'node:util'
import {BoundedLines} from '../log/bounded-lines.js'
import {type LogFormat, putLines} from '../log/create-log.js'
import {eventLog, type PutEvent} from '../log/event-log.js'
import {LineFile} from '../log/line-file.js'
import type {Log} from '../log/log.js'
import type {SyslogIdentity} from '../log/logger-options.js'
import {putSyslog} from '../log/put-syslog.js'
import type {LogService} from '../log/service-log.js'
import {MAIL_FACILITY, syslogLine} from '../log/syslog-line.js'
import {SyslogSender} from '../log/syslog-sender.js'
import {textLines} from '../log/text-line.js'
import {loadDatagrams} from '../support/datagram-socket.js'
import {BadSyntax} from '../support/fault.js'

/** Where the lines go; for syslog its socket. */
export type LogTarget = {readonly kind: 'stderr'} | {readonly kind: 'syslog'; readonly path: string}

/** Names and facilities of services in syslog, where they are not the usual ones. */
export type SyslogIdentities = Readonly<Partial<Record<LogService, SyslogIdentity>>>

/** Plain data: each process of the server makes its own log of it. */
export interface StandardLogOptions {
  /** Of the lines on standard error; syslog always gets Courier's lines. */
  readonly format: LogFormat
  readonly debug: boolean
  /** Standard error when it is left away. */
  readonly target?: LogTarget | undefined
  /** Objects go to this file too. */
  readonly jsonFile?: string | undefined
}

export interface StandardLog extends Log {
  /** Lines that could not be written so far. */
  lost(): number
  /** Files that were moved away are made anew. */
  reopen(): Promise<void>
  /** Writes a line of another process to the JSON file. */
  putJson(line: string): void
  /** What LOGGEROPTS says. */
  identify(identities: SyslogIdentities): void
  /** Writes what can be written at once, and ends. */
  close(): Promise<void>
}

const SYSLOG_SOCKET = '/dev/log'
/** The system's log. */
export const SYSLOG: LogTarget = {kind: 'syslog', path: SYSLOG_SOCKET}

/** One way out, and what is to do for it besides events. */
interface Outlet {
  readonly put: PutEvent
  readonly lost: () => number
  readonly reopen?: () => Promise<void>
  readonly putJson?: (line: string) => void
  readonly identify?: (identities: SyslogIdentities) => void
  readonly close?: () => Promise<void> | void
}

const now = () => new Date()

function lostLine(count: number): string {
  return textLines('warning', 'log.lost', {count})[0] ?? ''
}

function stderrOutlet(format: LogFormat): Outlet {
  const lines = new BoundedLines(process.stderr, lostLine)
  return {put: putLines({format, now, write: (text) => lines.write(text)}), lost: () => lines.lost}
}

/** @throws {Fault} `unavailable` when the system has no such sockets */
function syslogOutlet(path: string): Outlet {
  let known: SyslogIdentities = {}
  const identityOf = (service: LogService) => known[service] ?? {name: service, facility: MAIL_FACILITY}
  const connect = loadDatagrams()
  const sender = new SyslogSender({
    connect: () => connect(path),
    lostLine: (count) => syslogLine(lostLine(count), {...identityOf('courier'), time: now()}),
  })
  return {
    put: putSyslog({send: (line) => sender.send(line), identityOf, now}),
    lost: () => sender.lost,
    identify(identities) {
      known = identities
    },
    close: () => sender.close(),
  }
}

function fileOutlet(path: string): Outlet {
  const file = new LineFile(path)
  return {
    put: putLines({format: 'json', now, write: (line) => file.write(line)}),
    lost: () => file.lost,
    reopen: () => file.reopen(),
    putJson: (line) => file.write(line),
    close: () => file.close(),
  }
}

/**
 * The log of this process. `jsonElsewhere` takes the lines for the file of a process that may not write it.
 *
 * @throws {Fault} `unavailable` when there is no way to syslog here
 */
export function standardLog(
  {format, debug, target = {kind: 'stderr'}, jsonFile}: StandardLogOptions,
  jsonElsewhere?: (line: string) => void,
): StandardLog {
  const outlets = [target.kind === 'syslog' ? syslogOutlet(target.path) : stderrOutlet(format)]
  if (jsonFile !== undefined && jsonElsewhere) outlets.push({put: putLines({format: 'json', now, write: jsonElsewhere}), lost: () => 0})
  else if (jsonFile !== undefined) outlets.push(fileOutlet(jsonFile))
  const log = eventLog(
    (level, event, facts) => {
      for (const {put} of outlets) put(level, event, facts)
    },
    {debug},
  )
  return {
    ...log,
    lost: () => outlets.reduce((sum, outlet) => sum + outlet.lost(), 0),
    async reopen() {
      for (const outlet of outlets) await outlet.reopen?.()
    },
    putJson(line) {
      for (const outlet of outlets) outlet.putJson?.(line)
    },
    identify(identities) {
      for (const outlet of outlets) outlet.identify?.(identities)
    },
    async close() {
      for (const outlet of outlets) await outlet.close?.()
    },
  }
}

/** Standard error is the journal (systemd.exec(5), JOURNAL_STREAM). */
async function stderrIsJournal(env: NodeJS.ProcessEnv): Promise<boolean> {
  if (!env.JOURNAL_STREAM) return false
  const {dev, ino} = await promisify(fstat)(process.stderr.fd)
  return env.JOURNAL_STREAM === `${dev}:${ino}`
}

/**
 * Where to log: `stderr`, `syslog`, `syslog:/PATH`, or by default syslog when standard error is systemd's journal, which also is what
 * listens at `/dev/log` then: over it each line keeps the name of its service, which fail2ban looks for.
 *
 * @throws {BadSyntax} another word
 */
export async function logTarget(word: string | undefined, env: NodeJS.ProcessEnv): Promise<LogTarget> {
  if (word === 'stderr') return {kind: 'stderr'}
  if (word === 'syslog') return SYSLOG
  if (word?.startsWith('syslog:/')) return {kind: 'syslog', path: word.slice('syslog:'.length)}
  if (word !== undefined) throw new BadSyntax(`"${word}" is no place for the log: stderr, syslog, or syslog:/PATH of its socket`)
  const found = await stat(SYSLOG_SOCKET).catch(() => undefined)
  return found?.isSocket() && (await stderrIsJournal(env)) ? SYSLOG : {kind: 'stderr'}
}
