/** The sessions of this process that have logged in. */
import {setImmediate} from 'node:timers/promises'
import {LinkedList, type Place} from '../../support/linked-list.js'
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

/** A session and its number; everything else it says when it is asked. */
class Member implements Place {
  readonly session: LiveSession
  readonly number: number
  readonly #place: Place
  readonly #left: (session: LiveSession) => void
  isHere = true

  constructor(session: LiveSession, number: number, {members, left}: {members: LinkedList<Member>; left: (session: LiveSession) => void}) {
    this.session = session
    this.number = number
    this.#place = members.add(this)
    this.#left = left
  }

  leave(): boolean {
    if (!this.#place.leave()) return false
    this.isHere = false
    this.#left(this.session)
    return true
  }
}

export class SessionRegister implements SessionBook {
  readonly #options: SessionRegisterOptions
  readonly #members = new LinkedList<Member>()
  readonly #traces = new Set<Trace>()
  #lastNumber = 0
  #received = 0
  #sent = 0

  constructor(options: SessionRegisterOptions) {
    this.#options = options
  }

  join(session: LiveSession): Place {
    const member = new Member(session, ++this.#lastNumber, {members: this.#members, left: this.#left})
    if (this.#traces.size > 0) this.#follow(member)
    return member
  }

  readonly #left = (session: LiveSession): void => {
    const {received, sent} = session.facts()
    this.#received += received
    this.#sent += sent
  }

  /** Octets of all sessions so far. */
  get octets(): {readonly received: number; readonly sent: number} {
    let received = this.#received
    let sent = this.#sent
    for (const {session} of this.#members) {
      const facts = session.facts()
      received += facts.received
      sent += facts.sent
    }
    return {received, sent}
  }

  #idOf({number}: Member): string {
    return `${this.#options.pid}.${number}`
  }

  /** All sessions, some at a time: between them others have their turn. */
  async *list(): AsyncGenerator<readonly SessionInfo[], void> {
    const {role} = this.#options
    const members = [...this.#members]
    for (let at = 0; at < members.length; at += SLICE) {
      if (at > 0) await setImmediate()
      const alive = members.slice(at, at + SLICE).filter(({isHere}) => isHere)
      yield alive.map((member) => ({id: this.#idOf(member), role, ...member.session.facts()}))
    }
  }

  /** Sessions now by protocol. */
  counts(): Record<string, number> {
    const counts: Record<string, number> = {}
    for (const {session} of this.#members) {
      const {protocol} = session
      counts[protocol] = (counts[protocol] ?? 0) + 1
    }
    return counts
  }

  /** @returns how many were told to end */
  kick(filter: SessionFilter): number {
    const chosen = [...this.#members].filter((member) =>
      'id' in filter ? this.#idOf(member) === filter.id : member.session.user === filter.user,
    )
    for (const {session} of chosen) session.kick()
    return chosen.length
  }

  trace(request: TraceRequest, sink: TraceSink): () => void {
    const trace = {request, sink}
    const refresh = () => {
      for (const member of this.#members) if (member.session.user === request.user) this.#follow(member)
    }
    this.#traces.add(trace)
    refresh()
    return () => {
      if (this.#traces.delete(trace)) refresh()
    }
  }

  /** Lets the session tell those who follow its user: with contents only if all of them want that. */
  #follow(member: Member): void {
    const {session} = member
    const {user} = session
    const id = this.#idOf(member)
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
