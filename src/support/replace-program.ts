import {koffi} from './native-library.js'

const F_SETFD = 2
/** Standard input, output and error. */
const STANDARD_FILES = 3

/**
 * Runs another program in this process, which keeps its id, its parent, its standard files and the sockets of a service manager. Returns
 * only when the system cannot.
 *
 * Not `process.execve`: few versions of Node have it, and it closes the sockets.
 */
export function replaceProgram(path: string, args: readonly string[], env: Readonly<Record<string, string | undefined>>): void {
  try {
    const libc = koffi.load(null)
    const execve = libc.func('int execve(str path, const char **args, const char **env)') as (...all: unknown[]) => number
    const fcntl = libc.func('int fcntl(int fd, int command, ...)') as (...all: unknown[]) => number
    // Node has marked them as not to be passed on.
    const files = STANDARD_FILES + Number(env.LISTEN_FDS ?? 0)
    for (let fd = 0; fd < files; fd += 1) fcntl(fd, F_SETFD, 'int', 0)
    const pairs = Object.entries(env).filter(([, value]) => value !== undefined)
    execve(path, [path, ...args, null], [...pairs.map(([name, value]) => `${name}=${value}`), null])
  } catch {
    // There are no such functions here.
  }
}
