import {join} from 'node:path'
import {Fault} from '../../support/fault.js'
import {MAX_KEY_OCTETS} from '../../support/keyed-database.js'
import type {TryLock} from '../native.js'
import type {AppPassword} from './app-password.js'
import {formatAppPasswords, parseAppPasswords} from './format.js'
import {SealedMap} from './sealed-map.js'

const MAX_OF_ACCOUNT = 100

export interface AppPasswordStoreOptions {
  /** The state directory. */
  readonly directory: string
  readonly tryLock: () => TryLock
  readonly random: (octets: number) => Buffer
}

/** When and for what an app password was used last. */
export interface LastUse {
  /** Milliseconds since 1970. */
  readonly time: number
  readonly service: string
  readonly remote: string
}

/**
 * App passwords by account, in files of their own in the state directory: `apppw.lmdb`, which the administrator's commands
 * write, and `apppw-used.lmdb`, which the auth role writes.
 */
export class AppPasswordStore {
  readonly #passwords: SealedMap
  readonly #uses: SealedMap

  constructor({directory, tryLock, random}: AppPasswordStoreOptions) {
    const map = (name: string) => new SealedMap({path: join(directory, name), tryLock, generation: () => random(16).toString('hex')})
    this.#passwords = map('apppw.lmdb')
    this.#uses = map('apppw-used.lmdb')
  }

  /** @throws {Fault} `unavailable` */
  async of(account: string): Promise<readonly AppPassword[]> {
    const octets = await this.#passwords.get(keyOf(account))
    return octets === undefined ? [] : parseAppPasswords(octets)
  }

  /** Of all accounts. @throws {Fault} `unavailable` */
  async all(): Promise<ReadonlyMap<string, readonly AppPassword[]>> {
    const entries = await this.#passwords.entries()
    return new Map([...entries].map(([key, octets]) => [textOf(key), parseAppPasswords(octets)]))
  }

  /** @throws {Fault} `mailbox-exists` when the account has one of that name, `over-quota` when it has too many, `invalid-name`, `io-error` */
  add(account: string, password: AppPassword): Promise<void> {
    const key = keyOf(account)
    if (key.length === 0 || key.length > MAX_KEY_OCTETS) throw new Fault('invalid-name', `"${account}" cannot be the name of an account`)
    return this.#passwords.update((entries) => {
      const list = parseAppPasswords(entries.get(key) ?? '[]')
      if (list.some(({name}) => name === password.name))
        throw new Fault('mailbox-exists', `"${account}" has an app password "${password.name}"`)
      if (list.length >= MAX_OF_ACCOUNT) throw new Fault('over-quota', `"${account}" has ${list.length} app passwords`)
      return entries.set(key, formatAppPasswords([...list, password]))
    })
  }

  /** Removes the one of that name, or all. @returns how many */
  async remove(account: string, name: string | undefined): Promise<number> {
    let removed = 0
    await this.#passwords.update((entries) => {
      const list = parseAppPasswords(entries.get(keyOf(account)) ?? '[]')
      const left = name === undefined ? [] : list.filter((each) => each.name !== name)
      removed = list.length - left.length
      if (removed === 0) return undefined
      if (left.length > 0) entries.set(keyOf(account), formatAppPasswords(left))
      else entries.delete(keyOf(account))
      return entries
    })
    return removed
  }

  /** Last uses by `useKey`. @throws {Fault} `unavailable` */
  async uses(): Promise<ReadonlyMap<string, LastUse>> {
    const entries = await this.#uses.entries()
    return new Map([...entries].map(([key, value]) => [key, parseUse(value)]))
  }

  /** Adds last uses, and forgets those of passwords that are gone. @throws {Fault} `io-error`, `unavailable` */
  async recordUses(uses: ReadonlyMap<string, LastUse>): Promise<void> {
    const known = new Set<string>()
    for (const [account, list] of await this.all()) for (const {hash} of list) known.add(useKey(account, hash))
    await this.#uses.update((entries) => {
      for (const [key, use] of uses) entries.set(key, formatUse(use))
      return new Map([...entries].filter(([key]) => known.has(key)))
    })
  }

  async close(): Promise<void> {
    await this.#passwords.close()
    await this.#uses.close()
  }
}

/** Names the use of one app password. */
export function useKey(account: string, hash: string): string {
  return `${hash.slice(0, 16)} ${keyOf(account)}`.slice(0, MAX_KEY_OCTETS)
}

function formatUse({time, service, remote}: LastUse): string {
  return `${time} ${keyOf(service)} ${keyOf(remote)}`
}

function parseUse(octets: string): LastUse {
  const [time = '', service = '', remote = ''] = textOf(octets).split(' ')
  return {time: Number(time), service, remote}
}

function keyOf(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}

function textOf(octets: string): string {
  return Buffer.from(octets, 'latin1').toString('utf8')
}
