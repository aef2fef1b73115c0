/**
 * What a part of the server can be asked while it runs. A process implements it with `RoleInspector`; the supervisor asks all its processes
 * through `InspectedParts`. Everything that crosses is plain data, so that it can go over a channel as JSON.
 */
import type {SessionFacts} from '../../wire/live-session.js'

/** A session after its login. */
export interface SessionInfo extends SessionFacts {
  /** Names it within the whole server: process id, `.`, number. */
  readonly id: string
  /** Which part of the server serves it. */
  readonly role: string
}

/** Which sessions: those of a user (login name in full), or one. */
export type SessionFilter = {readonly user: string} | {readonly id: string}

/** One line of a trace, and the events of the log that name the user. */
export interface TraceItem {
  /** Milliseconds since 1970. */
  readonly time: number
  /** The session; for an event the empty string. */
  readonly id: string
  readonly from: 'client' | 'server' | 'log'
  readonly text: string
}

export type TraceSink = (item: TraceItem) => void

export interface TraceRequest {
  readonly user: string
  /** Literals and bodies are shown whole. */
  readonly contents: boolean
}

/** An event of the log that asks for attention. */
export interface ErrorItem {
  /** Milliseconds since 1970. */
  readonly time: number
  readonly role: string
  readonly level: string
  readonly text: string
}

/** How one process of the server is. */
export interface RoleState {
  readonly role: string
  readonly pid: number
  /** When the process began, milliseconds since 1970. */
  readonly beganMs: number
  /** Sessions now, logins and failed logins since the start, by protocol as the log writes it. */
  readonly sessions: Readonly<Record<string, number>>
  readonly logins: Readonly<Record<string, number>>
  readonly failures: Readonly<Record<string, number>>
  /** Octets of sessions after their login, ended ones included. */
  readonly received: number
  readonly sent: number
  /** How late timers were in the last minute or two, milliseconds. */
  readonly loopDelay: {readonly p50: number; readonly p99: number; readonly max: number}
  readonly memory: {readonly residentBytes: number; readonly heapBytes: number}
  /** Messages that the index was asked for: known, and read from their files; folders that were dropped from it for room. */
  readonly index: {readonly hits: number; readonly misses: number; readonly droppedFolders: number}
  /** Log lines that could not be written. */
  readonly lostLogLines: number
  /** The last warnings and errors, oldest first. */
  readonly errors: readonly ErrorItem[]
}

export interface Inspectable {
  /** Some at a time, so that many of them keep nobody waiting. */
  sessions(): AsyncIterable<readonly SessionInfo[]>
  /** Ends sessions. @returns how many were told to end */
  kick(filter: SessionFilter): Promise<number>
  /** Follows what a user's sessions say, those included that log in later, until the returned function is called. */
  trace(request: TraceRequest, sink: TraceSink): () => void
  states(): Promise<readonly RoleState[]>
}
