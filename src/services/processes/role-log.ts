import type {Log} from '../../log/log.js'
import {RoleInspector} from '../control/role-inspector.js'
import {type StandardLog, type StandardLogOptions, type SyslogIdentities, standardLog} from '../standard-log.js'
import {answerInspection} from './answer-inspection.js'
import {tell} from './role-channel.js'

/** What the supervisor says of the log. */
export interface RoleLogging extends StandardLogOptions {
  readonly identities: SyslogIdentities
}

/** The log of a role's process, and who looks into it. */
export class RoleLog {
  readonly inspector: RoleInspector
  readonly #log: StandardLog

  constructor(role: string, logging: RoleLogging) {
    // The file is root's.
    this.#log = standardLog(logging, (line) => tell({kind: 'json-line', line}))
    this.inspector = new RoleInspector({role, log: this.#log, pid: process.pid, now: Date.now, lostLogLines: () => this.#log.lost()})
    answerInspection(this.inspector, (answer, sent) => tell(answer, undefined, sent))
    this.#log.identify(logging.identities)
    // An exception that escaped belongs to one session; the others must not end with it.
    process.on('uncaughtException', (error) => this.log.error('server.bug', {error}))
  }

  get log(): Log {
    return this.inspector.log
  }

  /** The configuration has been read again. */
  renew({identities}: RoleLogging): void {
    this.#log.identify(identities)
    void this.#log.reopen()
  }

  async close(): Promise<void> {
    this.inspector.close()
    await this.#log.close()
  }
}
