import type {Inspectable, RoleState, SessionFilter, SessionInfo, TraceRequest, TraceSink} from './inspectable.js'

interface Trace {
  readonly request: TraceRequest
  readonly sink: TraceSink
  /** Ends it at each part. */
  readonly stops: Map<Inspectable, () => void>
}

/** Several parts of the server as one. They come and go: what is traced is traced at those that come too. */
export class InspectedParts implements Inspectable {
  readonly #parts = new Set<Inspectable>()
  readonly #traces = new Set<Trace>()

  constructor(parts: Iterable<Inspectable> = []) {
    for (const part of parts) this.add(part)
  }

  add(part: Inspectable): void {
    this.#parts.add(part)
    for (const {request, sink, stops} of this.#traces) stops.set(part, part.trace(request, sink))
  }

  delete(part: Inspectable): void {
    this.#parts.delete(part)
    for (const {stops} of this.#traces) stops.delete(part)
  }

  #all<T>(ask: (part: Inspectable) => Promise<T>): Promise<T[]> {
    return Promise.all([...this.#parts].map(ask))
  }

  async *sessions(): AsyncGenerator<readonly SessionInfo[], void> {
    for (const part of [...this.#parts]) yield* part.sessions()
  }

  async kick(filter: SessionFilter): Promise<number> {
    return (await this.#all((part) => part.kick(filter))).reduce((sum, count) => sum + count, 0)
  }

  async states(): Promise<readonly RoleState[]> {
    return (await this.#all((part) => part.states())).flat()
  }

  trace(request: TraceRequest, sink: TraceSink): () => void {
    const trace: Trace = {request, sink, stops: new Map()}
    this.#traces.add(trace)
    for (const part of this.#parts) trace.stops.set(part, part.trace(request, sink))
    return () => {
      this.#traces.delete(trace)
      for (const stop of trace.stops.values()) stop()
    }
  }
}
