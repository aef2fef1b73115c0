/**
 * When each account logged in last, by service, in the state directory: `lastlogin/00` to `lastlogin/ff`, an account's file by the first
 * octet of a hash of its name. A line is a JSON array: name, service, milliseconds since 1970, address.
 *
 * One process writes, at most once a minute and only the files that change, each replaced as a whole; readers need no lock.
 */
import {createHash} from 'node:crypto'
import {chown, mkdir, readdir, readFile, stat} from 'node:fs/promises'
import {join} from 'node:path'
import type {Log} from '../log/log.js'
import {replaceFile} from '../support/atomic-file.js'
import {errnoOf, Fault} from '../support/fault.js'
import {systemText} from '../support/system-text.js'

export interface LastLogin {
  /** Login name in full. */
  readonly user: string
  readonly service: string
  /** Milliseconds since 1970. */
  readonly time: number
  readonly remote: string
}

export interface LastLoginsOptions {
  /** The state directory. */
  readonly directory: string
  readonly log: Log
  readonly now: () => number
  readonly writeAfterMs?: number
}

const WRITE_AFTER_MS = 60_000
/** Logins that wait for the next write; with more of them it comes at once. */
const MAX_WAITING = 50_000

interface Owner {
  readonly uid: number
  readonly gid: number
}

/** Whose the files are when root writes them: the state directory's owner, who may have to write them another time. */
async function ownerFor(directory: string): Promise<Owner | undefined> {
  return process.geteuid?.() === 0 ? stat(directory) : undefined
}

function shardOf(user: string): string {
  return createHash('sha256').update(user).digest('hex').slice(0, 2)
}

function keyOf({user, service}: Pick<LastLogin, 'user' | 'service'>): string {
  return `${service} ${user}`
}

function parseLine(line: string): LastLogin[] {
  try {
    const [user, service, time, remote] = JSON.parse(line) as unknown[]
    const isWhole = typeof user === 'string' && typeof service === 'string' && typeof time === 'number' && typeof remote === 'string'
    return isWhole ? [{user, service, time, remote}] : []
  } catch {
    // A damaged line is a login that is not known.
    return []
  }
}

async function readShard(directory: string, shard: string): Promise<LastLogin[]> {
  try {
    return (await readFile(join(directory, 'lastlogin', shard), 'utf8')).split('\n').flatMap(parseLine)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return []
    throw new Fault('io-error', `Cannot read ${join(directory, 'lastlogin', shard)}: ${systemText(error)}`, {cause: error})
  }
}

/** What is known of an account, or of all. @throws {Fault} `io-error` */
export async function readLastLogins(directory: string, user: string | undefined): Promise<readonly LastLogin[]> {
  if (user !== undefined) return (await readShard(directory, shardOf(user))).filter((each) => each.user === user)
  const names = await readdir(join(directory, 'lastlogin')).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return []
    throw new Fault('io-error', `Cannot read ${join(directory, 'lastlogin')}: ${systemText(error)}`, {cause: error})
  })
  const all: LastLogin[] = []
  for (const name of names) if (/^[0-9a-f]{2}$/.test(name)) all.push(...(await readShard(directory, name)))
  return all
}

export class LastLogins {
  readonly #options: LastLoginsOptions
  /** By service and name. */
  #waiting = new Map<string, LastLogin>()
  /** The log has said that nothing can be written, once. */
  #told = false
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> = Promise.resolve()

  constructor(options: LastLoginsOptions) {
    this.#options = options
  }

  /** An account has logged in. */
  saw(login: Omit<LastLogin, 'time'>): void {
    const {now, writeAfterMs = WRITE_AFTER_MS} = this.#options
    this.#waiting.set(keyOf(login), {...login, time: now()})
    if (this.#waiting.size >= MAX_WAITING) void this.write()
    else this.#timer ??= setTimeout(() => void this.write(), writeAfterMs).unref()
  }

  /** Writes what waits. Never rejects: what cannot be written is told in the log and lost. */
  write(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const waiting = this.#waiting
    this.#waiting = new Map()
    this.#writing = this.#writing.then(() => this.#writeAll(waiting))
    return this.#writing
  }

  async #writeAll(waiting: ReadonlyMap<string, LastLogin>): Promise<void> {
    const {directory, log} = this.#options
    try {
      if (waiting.size === 0) return
      const path = join(directory, 'lastlogin')
      await mkdir(path, {recursive: true, mode: 0o750})
      const owner = await ownerFor(directory)
      if (owner) await chown(path, owner.uid, owner.gid)
      const shards = new Map<string, LastLogin[]>()
      for (const login of waiting.values()) {
        const shard = shardOf(login.user)
        const logins = shards.get(shard)
        if (logins) logins.push(login)
        else shards.set(shard, [login])
      }
      for (const [shard, fresh] of shards) await this.#writeShard(shard, fresh, owner)
      this.#told = false
    } catch (error) {
      if (!this.#told) log.warning('auth.last-logins-lost', {path: join(directory, 'lastlogin'), reason: systemText(error)})
      this.#told = true
    }
  }

  async #writeShard(shard: string, fresh: readonly LastLogin[], owner: Owner | undefined): Promise<void> {
    const {directory} = this.#options
    const known = new Map((await readShard(directory, shard)).map((login) => [keyOf(login), login]))
    for (const login of fresh) known.set(keyOf(login), login)
    const lines = [...known.values()].map(({user, service, time, remote}) => `${JSON.stringify([user, service, time, remote])}\n`)
    const path = join(directory, 'lastlogin', shard)
    await replaceFile({path, temporary: `${path}.tmp`, mode: 0o640}, async (file) => {
      await file.writeFile(lines.join(''))
      if (owner) await file.chown(owner.uid, owner.gid)
    })
  }

  close(): Promise<void> {
    return this.write()
  }
}
