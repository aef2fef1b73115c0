import {basename} from 'node:path'
import {BadSyntax, Fault} from '../support/fault.js'
import type {Option} from './option.js'
import type {Problem} from './problem.js'
import type {Assignment, Assignments} from './shell-file.js'

/** Off, or what the shipped file says: a path may stand in another directory, and a variable in it may have another value. */
function isAsShipped({shipped}: Option<unknown>, value: string): boolean {
  if (value === '' || value === '0' || value === shipped) return true
  return shipped?.startsWith('/') ? basename(value) === basename(shipped) : shipped?.includes('$') === true
}

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
      if (option.effect !== 'later' || isAsShipped(option, value)) return []
      return [{severity: 'warning', file, line, text: `${option.name} has no effect in this version`}]
    })
  }

  /** Settings that are accepted and do nothing here, when they differ from what is shipped: each with its place and the reason. */
  notes(options: readonly Option<unknown>[]): Problem[] {
    return options.flatMap((option): Problem[] => {
      const found = this.#from(option).get(option.name)
      if (!found || option.because === undefined || isAsShipped(option, found.value)) return []
      const {file, line} = found
      return [{severity: 'note', file, line, text: `${option.name} has no effect here, because ${option.because}`}]
    })
  }

  #from({use}: Option<unknown>): Assignments {
    return use === 'start' ? this.#start : this.#session
  }
}
