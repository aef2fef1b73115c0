/** The socket of an authdaemond in its directory (`spec/auth.md` §2, §11.4). */
import {join} from 'node:path'

/** `authdaemonvar` as Debian has it. */
export const DAEMON_DIRECTORY = '/run/courier/authdaemon'

/** The directory decides who may ask: members of its group. */
export const DAEMON_ACCESS = {mode: 0o777, directoryMode: 0o750} as const

/** The socket in `authdaemonvar`. */
export function daemonSocketIn(directory: string): string {
  return join(directory, 'socket')
}
