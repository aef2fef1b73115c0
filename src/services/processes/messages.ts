/**
 * What the processes of the server say to each other, one type for each direction of each channel.
 *
 * The supervisor is the parent of all others and has a channel to each; front and auth also have a local socket between them
 * (`auth-wire.ts`), so that passwords do not go through the supervisor. What a child says is read field by field: it may have been
 * taken over. What the supervisor says is taken as it is.
 */
import type {Account} from '../../auth/account.js'
import {type PlainAccount, readPlainAccount} from '../../auth/plain-account.js'
import {BadSyntax} from '../../support/fault.js'
import {PlainRecord} from '../../support/plain-record.js'
import type {TlsMaterial} from '../../tls/tls-material.js'
import type {ConnectionEnd, HandOver} from '../../wire/hand-over.js'
import type {PublicSocketSettings} from '../auth-settings.js'
import type {IndexPlace} from '../index/make-index.js'
import type {SessionService} from '../mail-sessions.js'
import {SERVICE_NAMES, type ServiceConfiguration, type ServiceName} from '../server-configuration.js'
import type {AuthSettings} from '../start-auth.js'
import {type InspectionAnswer, readInspectionAnswer} from './inspection.js'
import type {RoleLogging} from './role-log.js'

/** What every process says. */
export type Said =
  | {readonly kind: 'ready'}
  /** A line for the JSON file of the log. */
  | {readonly kind: 'json-line'; readonly line: string}
  | InspectionAnswer

/** A session on its way from front to mail; its octets as base64. */
export interface PlainHandOver extends Omit<HandOver, 'ticket'> {
  /** What the client has sent after its login and nobody has read. */
  readonly unread: string
}

/** A service as the front sees it. */
export interface PlainFrontService extends Omit<ServiceConfiguration, 'tls' | 'auth' | 'mail'> {
  readonly tls: TlsMaterial | undefined
}

export interface FrontConfiguration {
  readonly services: readonly PlainFrontService[]
  readonly log: RoleLogging
  /** The socket of the auth process. */
  readonly authSocket: string
}

/** A session that goes on although the front that accepted it has ended. */
export interface LiveSession {
  readonly session: number
  readonly service: ServiceName
  readonly ip: string
}

export type ToFront =
  | ({readonly kind: 'configure'} & FrontConfiguration)
  /** Comes with a bound port. */
  | {readonly kind: 'port'; readonly service: ServiceName}
  /** Comes with a port of METRICS_ADDRESS. */
  | {readonly kind: 'metrics-port'}
  /** Answers a request. */
  | {readonly kind: 'metrics'; readonly request: number; readonly text: string}
  /** All ports are there: connections are served. Sessions are numbered from `firstSession`. */
  | {readonly kind: 'begin'; readonly firstSession: number; readonly live: readonly LiveSession[]}
  /** The certificates of a service have changed. */
  | {readonly kind: 'tls'; readonly service: ServiceName; readonly tls: TlsMaterial}
  /** The mail process waits for this session at a local socket, and knows it by the key. */
  | {readonly kind: 'relay'; readonly session: number; readonly path: string; readonly key: string}
  /** A session cannot be served; its socket comes back if it was passed. */
  | {readonly kind: 'returned'; readonly session: number}
  | {readonly kind: 'ended'; readonly session: number}
  /** Ends what is before its login. Relayed sessions end with the mail processes. */
  | {readonly kind: 'stop'; readonly limitMs: number}

export type FromFront =
  | Said
  /** Somebody wants the text of /metrics. */
  | {readonly kind: 'metrics'; readonly request: number}
  /** `passed`: the socket comes with it; else it is relayed. */
  | {
      readonly kind: 'hand-over'
      readonly session: number
      readonly service: ServiceName
      readonly ticket: string
      readonly passed: boolean
      readonly connection: PlainHandOver
    }

export interface AuthConfiguration {
  readonly services: readonly {readonly name: ServiceName; readonly auth: AuthSettings}[]
  readonly publicSocket: PublicSocketSettings
  /** Whose the directory of the public socket is when it has to be made. */
  readonly owner: {readonly uid: number; readonly gid: number}
  readonly log: RoleLogging
}

export type ToAuth =
  | ({readonly kind: 'configure'} & AuthConfiguration)
  /** Comes with the socket that fronts connect to. */
  | {readonly kind: 'socket'}
  | {readonly kind: 'ticket'; readonly request: number; readonly ticket: string}
  | {readonly kind: 'stop'; readonly limitMs: number}

export type FromAuth = Said | {readonly kind: 'issue'; readonly request: number; readonly account: Account}

export interface MailConfiguration {
  readonly services: readonly ({readonly name: ServiceName} & SessionService)[]
  readonly umask: number
  readonly index: IndexPlace
  readonly log: RoleLogging
}

export type ToMail =
  | ({readonly kind: 'configure'} & MailConfiguration)
  /** Comes with the socket that relayed sessions arrive at. */
  | {readonly kind: 'socket'}
  /** Comes with the client's socket if there is no key; else its relay will say the key. */
  | {
      readonly kind: 'session'
      readonly session: number
      readonly service: ServiceName
      readonly account: PlainAccount
      readonly connection: PlainHandOver
      readonly key: string | undefined
    }
  /** Says goodbye to these sessions. */
  | {readonly kind: 'end'; readonly sessions: readonly number[]}
  | {readonly kind: 'stop'; readonly limitMs: number}

export type FromMail =
  | Said
  /** It serves the session: until then another process could. */
  | {readonly kind: 'taken'; readonly session: number}
  | {readonly kind: 'ended'; readonly session: number}

/** What a front may have read beyond a login: a command before the login and what the stream holds. */
const MAX_UNREAD = 1024 * 1024
const MAX_TAG = 16_384
const MAX_TICKET = 100
const MAX_IP = 100
const MAX_LINE = 65_536

function readEnd(plain: PlainRecord): ConnectionEnd {
  return {ip: plain.text('ip', MAX_IP), port: plain.integer('port', {max: 65_535})}
}

function readHandOver(plain: PlainRecord): PlainHandOver {
  const tag = plain.text('tag', MAX_TAG)
  if (/[\r\n]/.test(tag)) throw new BadSyntax('"tag" must be one line')
  return {
    tag,
    elapsedMs: Math.max(0, plain.number('elapsedMs')),
    encrypted: plain.flag('encrypted'),
    remote: readEnd(plain.record('remote')),
    unread: plain.octets('unread', MAX_UNREAD).toString('base64'),
  }
}

function readSaid(plain: PlainRecord): Said | undefined {
  const kind = plain.text('kind', MAX_TAG)
  if (kind === 'ready') return {kind}
  if (kind === 'inspected') return readInspectionAnswer(plain)
  if (kind !== 'json-line') return undefined
  const line = plain.text('line', MAX_LINE)
  if (/[\r\n]/.test(line.replace(/\n$/, ''))) throw new BadSyntax('"line" must be one line')
  return {kind, line}
}

/** @throws {BadSyntax} */
export function readFromFront(value: unknown): FromFront {
  const plain = new PlainRecord(value)
  const said = readSaid(plain)
  if (said) return said
  if (plain.word('kind', ['hand-over', 'metrics']) === 'metrics') return {kind: 'metrics', request: plain.integer('request')}
  return {
    kind: 'hand-over',
    session: plain.integer('session'),
    service: plain.word('service', SERVICE_NAMES),
    ticket: plain.text('ticket', MAX_TICKET),
    passed: plain.flag('passed'),
    connection: readHandOver(plain.record('connection')),
  }
}

/** @throws {BadSyntax} */
export function readFromAuth(value: unknown): FromAuth {
  const plain = new PlainRecord(value)
  const said = readSaid(plain)
  if (said) return said
  plain.word('kind', ['issue'])
  return {kind: 'issue', request: plain.integer('request'), account: readPlainAccount(plain.value('account'))}
}

/** @throws {BadSyntax} */
export function readFromMail(value: unknown): FromMail {
  const plain = new PlainRecord(value)
  const said = readSaid(plain)
  if (said) return said
  return {kind: plain.word('kind', ['taken', 'ended']), session: plain.integer('session')}
}
