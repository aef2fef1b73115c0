import {BadSyntax, Fault} from '../support/fault.js'
import type {Option} from './option.js'
import type {Problem} from './problem.js'
import type {Assignment, Assignments} from './shell-file.js'

/** The values that one service sees. Who opens ports may see other ones than the sessions (`spec/server-config-tls.md` §3.1). */
export class Settings {
  readonly #start: Assignments
  readonly #session: Assignments

  constructor({start, session}: {readonly start: Assignments; readonly session: Assignments}) {
    this.#start = start
    this.#session = session
  }

  /** @throws {Fault} `bad-configuration`; never after `check` found nothing */
  get<T>(option: Option<T>): T {
    const found = this.#from(option).get(option.name)
    try {
      return option.read(found?.value)
    } catch (error) {
      if (error instanceof BadSyntax && found)
        throw new Fault('bad-configuration', `${found.file}:${found.line}: ${option.name}: ${error.message}`)
      throw error
    }
  }

  /** What was assigned to an option, with its place; undefined when nothing was. */
  assignmentOf(option: Option<unknown>): Assignment | undefined {
    return this.#from(option).get(option.name)
  }

  /** The text that was assigned to any name for the sessions. */
  textOf(name: string): string | undefined {
    return this.#session.get(name)?.value
  }

  /** Everything that was assigned for the sessions, as the environment of a program would have it. */
  environment(): Record<string, string> {
    return Object.fromEntries([...this.#session].map(([name, {value}]) => [name, value]))
  }

  /** Values that cannot be read, and settings that do nothing here, each with its place. */
  check(options: readonly Option<unknown>[]): Problem[] {
    return options.flatMap((option): Problem[] => {
      const found = this.#from(option).get(option.name)
      if (!found) return []
      const {file, line, value} = found
      try {
        option.read(value)
      } catch (error) {
        if (!(error instanceof BadSyntax)) throw error
        return [{severity: 'error', file, line, text: `${option.name}: ${error.message}`}]
      }
      if (option.effect !== 'later' || value === '' || value === '0' || value === option.shipped) return []
      return [{severity: 'warning', file, line, text: `${option.name} has no effect in this version`}]
    })
  }

  #from({use}: Option<unknown>): Assignments {
    return use === 'start' ? this.#start : this.#session
  }
}
