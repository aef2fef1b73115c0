/** One thing that `courier …` can ask of a server that runs: one file in `requests/`, one line in `registry.ts`. */
import type {LogWatcher} from '../../log/watched-log.js'
import type {Inspectable} from './inspectable.js'

/** A service as it is served now. */
export interface ServiceState {
  readonly name: string
  /** `ADDRESS:PORT` */
  readonly endpoints: readonly string[]
  readonly maxConnections: number
  readonly maxPerAddress: number
}

/** The server that is asked. */
export interface ControlledServer {
  readonly version: string
  readonly pid: number
  readonly services: () => readonly ServiceState[]
  readonly inspect: Inspectable
  /** Events of the supervisor's log, until the returned function is called. */
  readonly watch: (watcher: LogWatcher) => () => void
  /** Reads the configuration again. Resolves when that is done; the log says with what result. */
  readonly reload: () => Promise<void>
  /** Exchanges the processes one after the other; undefined: there is only one. */
  readonly restart?: (() => Promise<void>) | undefined
  /** Begins to stop, as SIGTERM does. */
  readonly stop: () => void
}

/** Takes what is answered. */
export interface ControlReply {
  /** One more item of the answer. False: the client is behind, and it was dropped. */
  item(value: object): boolean
  /** Resolves when the client has taken all of it, or is gone: for answers of which nothing may be dropped. */
  taken(): Promise<void>
  /** Aborted when the client is gone. */
  readonly signal: AbortSignal
}

export interface ControlRequest<Args> {
  /** As it stands in the request. */
  readonly name: string
  /** The arguments as the client sent them: anything. @throws {BadSyntax} */
  read(given: Readonly<Record<string, unknown>>): Args
  /** Answers with items, and ends. @throws {Fault} what the client is told */
  run(server: ControlledServer, args: Args, reply: ControlReply): Promise<void>
}

export type AnyControlRequest = ControlRequest<unknown>

export function defineRequest<Args>(request: ControlRequest<Args>): ControlRequest<Args> {
  return request
}
