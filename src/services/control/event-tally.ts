/** What the events of the log add up to: logins, failed logins, the last warnings and errors. */
import type {LogFacts, LogLevel} from '../../log/log.js'
import {textLines} from '../../log/text-line.js'
import type {LogWatcher} from '../../log/watched-log.js'
import type {ErrorItem} from './inspectable.js'

/** Warnings and errors that are remembered. */
const MAX_ERRORS = 50
const MAX_ERROR_TEXT = 300

export interface EventTallyOptions {
  readonly role: string
  readonly now: () => number
}

export class EventTally {
  readonly #options: EventTallyOptions
  readonly #watchers = new Set<LogWatcher>()
  readonly #errors: ErrorItem[] = []
  readonly logins: Record<string, number> = {}
  readonly failures: Record<string, number> = {}
  /** Folders that the index gave up for room. */
  droppedFolders = 0

  constructor(options: EventTallyOptions) {
    this.#options = options
  }

  /** The last warnings and errors, oldest first. */
  get errors(): readonly ErrorItem[] {
    return [...this.#errors]
  }

  readonly saw: LogWatcher = (level, event, facts) => {
    if (event.endsWith('.login')) this.#count(this.logins, event)
    else if (event.endsWith('.login-failed')) this.#count(this.failures, event)
    else if (event === 'index.trimmed') this.droppedFolders += facts.count ?? 0
    if (level === 'warning' || level === 'err') this.#remember(level, event, facts)
    for (const watcher of this.#watchers) watcher(level, event, facts)
  }

  /** Events from now on, until the returned function is called. */
  watch(watcher: LogWatcher): () => void {
    this.#watchers.add(watcher)
    return () => void this.#watchers.delete(watcher)
  }

  #count(counts: Record<string, number>, event: string): void {
    const protocol = event.slice(0, event.indexOf('.')).toUpperCase()
    counts[protocol] = (counts[protocol] ?? 0) + 1
  }

  #remember(level: LogLevel, event: string, facts: LogFacts): void {
    if (this.#errors.length >= MAX_ERRORS) this.#errors.shift()
    this.#errors.push({
      time: this.#options.now(),
      role: this.#options.role,
      level,
      text: eventText(level, event, facts).slice(0, MAX_ERROR_TEXT),
    })
  }
}

/** An event on one line, without the log's prefix; of an error its message. */
export function eventText(level: LogLevel, event: string, {error, ...facts}: LogFacts): string {
  const reason = error instanceof Error ? error.message : error === undefined ? undefined : String(error)
  const [line = ''] = textLines(level, event, reason === undefined || facts.reason !== undefined ? facts : {...facts, reason})
  return line.replace(/^[A-Z]+: +/, '')
}
