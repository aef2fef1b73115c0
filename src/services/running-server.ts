import type {Endpoint} from '../config/port-list.js'

export interface RunningServer {
  /** The open ports by service. */
  readonly endpoints: ReadonlyMap<string, readonly Endpoint[]>
  /** Reads the configuration again; a broken one changes nothing. */
  reload(): Promise<void>
  /** Closes the ports, says goodbye, and cuts sessions that take longer than `limitMs`. */
  stop(limitMs: number): Promise<void>
}
