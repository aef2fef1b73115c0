/** Lets others look into this process: its sessions, what its log adds up to, how its event loop is. */
import type {Log} from '../../log/log.js'
import {type LogWatcher, watchedLog} from '../../log/watched-log.js'
import type {IndexCounts} from '../../maildir/index/counted-index.js'
import {EventTally, eventText} from './event-tally.js'
import type {Inspectable, RoleState, SessionFilter, SessionInfo, TraceRequest, TraceSink} from './inspectable.js'
import {LoopDelay} from './loop-delay.js'
import {SessionRegister} from './session-register.js'

export interface RoleInspectorOptions {
  /** `server` when all roles are in one process. */
  readonly role: string
  readonly log: Log
  readonly pid: number
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Log lines that could not be written so far. */
  readonly lostLogLines?: (() => number) | undefined
}

/** One for each process: everything in it logs to `log`, its sessions join `book`. */
export class RoleInspector implements Inspectable {
  readonly log: Log
  readonly book: SessionRegister
  readonly #options: RoleInspectorOptions
  readonly #tally: EventTally
  readonly #loop = new LoopDelay()
  readonly #beganMs: number
  /** Of the index, once there is one. */
  indexCounts: () => IndexCounts = () => ({hits: 0, misses: 0})

  constructor(options: RoleInspectorOptions) {
    this.#options = options
    this.#beganMs = options.now()
    this.#tally = new EventTally(options)
    this.log = watchedLog(options.log, this.#tally.saw)
    this.book = new SessionRegister(options)
  }

  sessions(): AsyncIterable<readonly SessionInfo[]> {
    return this.book.list()
  }

  async kick(filter: SessionFilter): Promise<number> {
    return this.book.kick(filter)
  }

  trace(request: TraceRequest, sink: TraceSink): () => void {
    const stopEvents = this.watch((level, event, facts) => {
      if (facts.user === request.user) sink({time: this.#options.now(), id: '', from: 'log', text: eventText(level, event, facts)})
    })
    const stopSessions = this.book.trace(request, sink)
    return () => {
      stopEvents()
      stopSessions()
    }
  }

  /** Events of the log from now on, until the returned function is called. */
  watch(watcher: LogWatcher): () => void {
    return this.#tally.watch(watcher)
  }

  async states(): Promise<readonly RoleState[]> {
    return [this.state()]
  }

  state(): RoleState {
    const {role, pid, lostLogLines} = this.#options
    const {rss, heapUsed} = process.memoryUsage()
    return {
      role,
      pid,
      beganMs: this.#beganMs,
      sessions: this.book.counts(),
      logins: {...this.#tally.logins},
      failures: {...this.#tally.failures},
      ...this.book.octets,
      loopDelay: this.#loop.figures,
      memory: {residentBytes: rss, heapBytes: heapUsed},
      index: {...this.indexCounts(), droppedFolders: this.#tally.droppedFolders},
      lostLogLines: lostLogLines?.() ?? 0,
      errors: this.#tally.errors,
    }
  }

  close(): void {
    this.#loop.close()
  }
}
