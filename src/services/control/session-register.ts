/** The sessions of this process that have logged in. */
import {setImmediate} from 'node:timers/promises'
import type {LiveSession, SessionBook} from '../../wire/live-session.js'
import type {SessionFilter, SessionInfo, TraceRequest, TraceSink} from './inspectable.js'

export interface SessionRegisterOptions {
  readonly role: string
  readonly pid: number
  readonly now: () => number
}

/** Sessions that are looked at in one go: about a millisecond. */
const SLICE = 250

interface Trace {
  readonly request: TraceRequest
  readonly sink: TraceSink
}

/** An entry is a number; everything else the session says when it is asked. */
export class SessionRegister implements SessionBook {
  readonly #options: SessionRegisterOptions
  readonly #sessions = new Map<LiveSession, number>()
  readonly #traces = new Set<Trace>()
  #lastNumber = 0
  #received = 0
  #sent = 0

  constructor(options: SessionRegisterOptions) {
    this.#options = options
  }

  join(session: LiveSession): void {
    this.#sessions.set(session, ++this.#lastNumber)
    if (this.#traces.size > 0) this.#follow(session)
  }

  leave(session: LiveSession): void {
    if (!this.#sessions.delete(session)) return
    const {received, sent} = session.facts()
    this.#received += received
    this.#sent += sent
  }

  /** Octets of all sessions so far. */
  get octets(): {readonly received: number; readonly sent: number} {
    let received = this.#received
    let sent = this.#sent
    for (const session of this.#sessions.keys()) {
      const facts = session.facts()
      received += facts.received
      sent += facts.sent
    }
    return {received, sent}
  }

  #idOf(session: LiveSession): string {
    return `${this.#options.pid}.${this.#sessions.get(session) ?? 0}`
  }

  /** All sessions, some at a time: between them others have their turn. */
  async *list(): AsyncGenerator<readonly SessionInfo[], void> {
    const {role} = this.#options
    const sessions = [...this.#sessions.keys()]
    for (let at = 0; at < sessions.length; at += SLICE) {
      if (at > 0) await setImmediate()
      const alive = sessions.slice(at, at + SLICE).filter((session) => this.#sessions.has(session))
      yield alive.map((session) => ({id: this.#idOf(session), role, ...session.facts()}))
    }
  }

  /** Sessions now by protocol. */
  counts(): Record<string, number> {
    const counts: Record<string, number> = {}
    for (const session of this.#sessions.keys()) {
      const {protocol} = session
      counts[protocol] = (counts[protocol] ?? 0) + 1
    }
    return counts
  }

  /** @returns how many were told to end */
  kick(filter: SessionFilter): number {
    const chosen = [...this.#sessions.keys()].filter((session) =>
      'id' in filter ? this.#idOf(session) === filter.id : session.user === filter.user,
    )
    for (const session of chosen) session.kick()
    return chosen.length
  }

  trace(request: TraceRequest, sink: TraceSink): () => void {
    const trace = {request, sink}
    const refresh = () => {
      for (const session of this.#sessions.keys()) if (session.user === request.user) this.#follow(session)
    }
    this.#traces.add(trace)
    refresh()
    return () => {
      if (this.#traces.delete(trace)) refresh()
    }
  }

  /** Lets the session tell those who follow its user: with contents only if all of them want that. */
  #follow(session: LiveSession): void {
    const {user} = session
    const id = this.#idOf(session)
    const traces = [...this.#traces].filter(({request}) => request.user === user)
    if (traces.length === 0) {
      session.trace(undefined)
      return
    }
    session.trace(
      (from, text) => {
        for (const {sink} of traces) sink({time: this.#options.now(), id, from, text})
      },
      {contents: traces.every(({request}) => request.contents)},
    )
  }
}
