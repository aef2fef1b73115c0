import {join} from 'node:path'

/** Directories that the program writes to, besides the Maildirs (`design.md` §5). Absolute. */
export interface Places {
  /** What cannot be derived again. */
  readonly state: string
  /** Sockets and pid files. */
  readonly run: string
  /** What may be deleted at any time: the index. */
  readonly cache: string
}

export interface PlacesOptions {
  readonly root: boolean
  readonly home: string
  readonly env: NodeJS.ProcessEnv
}

/** An XDG variable counts only when it is absolute (XDG Base Directory Specification). */
function xdg(value: string | undefined, fallback: string): string {
  return join(value?.startsWith('/') ? value : fallback, 'courier')
}

function chosen(value: string | undefined, fallback: string): string {
  return value?.startsWith('/') ? value : fallback
}

/**
 * `COURIER_STATE`, `COURIER_RUN` and `COURIER_CACHE`, when they are absolute; else below `/var` as root, below the XDG directories for
 * an ordinary user.
 */
export function defaultPlaces(options: PlacesOptions): Places {
  const {COURIER_STATE, COURIER_RUN, COURIER_CACHE} = options.env
  const {state, run, cache} = systemPlaces(options)
  return {state: chosen(COURIER_STATE, state), run: chosen(COURIER_RUN, run), cache: chosen(COURIER_CACHE, cache)}
}

function systemPlaces({root, home, env}: PlacesOptions): Places {
  if (root) return {state: '/var/lib/courier', run: '/run/courier', cache: '/var/cache/courier'}
  const state = xdg(env.XDG_STATE_HOME, join(home, '.local', 'state'))
  return {
    state,
    run: env.XDG_RUNTIME_DIR?.startsWith('/') ? xdg(env.XDG_RUNTIME_DIR, '') : join(state, 'run'),
    cache: xdg(env.XDG_CACHE_HOME, join(home, '.cache')),
  }
}

/** For the sockets of a server of several processes, root's: beside the run directory, which belongs to the mail user. */
export function rolesDirectory(run: string): string {
  return `${run.replace(/\/+$/, '')}-roles`
}
