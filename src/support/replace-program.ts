import {koffi} from './native-library.js'

const F_SETFD = 2
/** Standard input, output and error. */
const STANDARD_FILES = 3
/** Where the channel of a process that was made with one is. */
const CHANNEL = 3

export interface ReplaceOptions {
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  /** Files that stay open too, under other numbers. */
  readonly open: readonly number[]
}

/**
 * Runs another program in this process, which keeps its id, its parent and that one's channel, its standard files and the sockets of a
 * service manager. Returns only when the system cannot.
 *
 * Not `process.execve`: few versions of Node have it, and it closes the sockets.
 */
export function replaceProgram(path: string, {args, env, open}: ReplaceOptions): void {
  let libc: ReturnType<typeof koffi.load>
  try {
    libc = koffi.load(null)
  } catch {
    return
  }
  const execve = libc.func('int execve(str path, const char **args, const char **env)') as (...all: unknown[]) => number
  const fcntl = libc.func('int fcntl(int fd, int command, ...)') as (...all: unknown[]) => number
  const dup2 = libc.func('int dup2(int from, int to)') as (from: number, to: number) => number
  const channel = process.connected ? {NODE_CHANNEL_FD: String(CHANNEL), NODE_CHANNEL_SERIALIZATION_MODE: 'json'} : {}
  const pairs = Object.entries({...env, ...channel}).filter(([, value]) => value !== undefined)
  const kept = Math.max(STANDARD_FILES + Number(env.LISTEN_FDS ?? 0), process.connected ? CHANNEL + 1 : 0)
  // Node has marked them as not to be passed on.
  for (let fd = 0; fd < kept; fd += 1) fcntl(fd, F_SETFD, 'int', 0)
  // To low numbers: the next program marks those, and so no other inherits them. What had them is at its end.
  for (const [index, fd] of open.entries()) {
    dup2(fd, kept + index)
    fcntl(kept + index, F_SETFD, 'int', 0)
  }
  execve(path, [path, ...args, null], [...pairs.map(([name, value]) => `${name}=${value}`), null])
  throw new Error(`${path} cannot be run`)
}
