import {lstat, type StatsFs, statfs} from 'node:fs'
import {promisify} from 'node:util'

/** `f_type` of file systems on other machines, and FUSE: a call may take forever and time stamps are theirs. */
const NETWORK_TYPES = new Set([
  0x6969, 0xff534d42, 0xfe534d42, 0x517b, 0x01021997, 0x65735546, 0x5346414f, 0x47504653, 0x0bd00bd0, 0x00c36400,
])

/** Directories that are remembered; then all are asked again. */
const MOST_PLACES = 20_000

const statfsLater = promisify(statfs)
const lstatLater = promisify(lstat)

/** The file system is on another machine. */
export function isNetworkType({type}: Pick<StatsFs, 'type'>): boolean {
  return NETWORK_TYPES.has(type)
}

export interface NetworkPlacesOptions {
  /** For tests; else `statfs`. */
  readonly isNetwork?: ((path: string | Buffer) => Promise<boolean>) | undefined
}

/**
 * Which directories lie on file systems of other machines. A call there may wait for the network, and must not run on the
 * loop: it goes through the thread pool, and a `stat` is asked for there first.
 */
export class NetworkPlaces {
  readonly #isNetwork: (path: string | Buffer) => Promise<boolean>
  readonly #known = new Map<string, boolean>()
  readonly #remote = new Set<string>()

  constructor({isNetwork = async (path) => isNetworkType(await statfsLater(path))}: NetworkPlacesOptions = {}) {
    this.#isNetwork = isNetwork
  }

  /** The path is at or below a directory that is known to be on another machine. */
  has(path: string): boolean {
    if (this.#remote.size === 0) return false
    for (let end = path.length; end > 0; end = path.lastIndexOf('/', end - 1)) if (this.#remote.has(path.slice(0, end))) return true
    return false
  }

  /** The directory is known to be on this machine. */
  isHere(path: string): boolean {
    return this.#known.get(path) === false
  }

  /** Finds out where a directory is, without waiting on the loop. undefined: it is known, and on this machine. `native`: the path for node. */
  find(path: string, native: string | Buffer): Promise<void> | undefined {
    return this.isHere(path) ? undefined : this.#find(path, native)
  }

  async #find(path: string, native: string | Buffer): Promise<void> {
    if (this.has(path)) return
    if (this.#known.size >= MOST_PLACES) this.#known.clear()
    const isRemote = await this.#isNetwork(native).catch(() => false) // it is not there: who uses it says so
    this.#known.set(path, isRemote)
    if (isRemote) this.#remote.add(path)
  }
}

/** Asks for facts in the thread pool: the kernel has them for the next second. Failures are for who asks next. */
export async function askedFor(paths: readonly (string | Buffer)[]): Promise<void> {
  await Promise.allSettled(paths.map((path) => lstatLater(path)))
}
