import type {OldFiles} from './old-version.js'
import type {Plan} from './plan.js'

/** For steps that every upgrade from Courier-IMAP needs. */
export const ANY_VERSION = '99'

export interface UpgradeContext {
  /** Of the servers' files. */
  readonly directory: string
  /** Of `authdaemonrc`; may be the same. */
  readonly authDirectory: string
  /** From which the files are, as far as they show: from it or from one before the next that shows (`oldVersion`). */
  readonly version: string
  readonly files: OldFiles
  readonly plan: Plan
  /** Says what the administrator has to know or to do. */
  readonly tell: (line: string) => void
}

/** What an upgrade of Courier-IMAP asks for besides merging the settings: one "Upgrading from …" section of its documents. */
export interface UpgradeStep {
  readonly name: string
  /** The last version that needs it: installations of it and of earlier ones. */
  readonly upTo: string
  /** What it does, for the table in the documentation. */
  readonly about: string
  run(context: UpgradeContext): Promise<void>
}
