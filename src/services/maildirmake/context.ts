import type {MaildirFiles} from '../../maildir/files.js'
import type {UniqueNames} from '../../maildir/unique-names.js'

/** What `maildirmake` needs of the world. Texts and paths are octets: one character for each. */
export interface MaildirMakeContext {
  readonly files: MaildirFiles
  readonly names: UniqueNames
  readonly pid: number
  readonly hostName: string
  readonly nowMs: () => number
  readonly env: NodeJS.ProcessEnv
  /** Directory of Courier's configuration, for its list of sharable maildirs. */
  readonly configDirectory: string
  /** Gives a file another owner; does nothing without the right to. */
  readonly chown: (path: string, uid: number, gid: number) => Promise<void>
  readonly out: (octets: string) => void
  readonly err: (octets: string) => void
}

/** Text as octets. */
export function octetsOf(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}
