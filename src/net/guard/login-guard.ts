/**
 * Slows down those who try passwords: by address, and by account for attacks from many addresses. Whoever goes on is banned for a
 * while.
 *
 * An address is one of IPv4, or a /64 of IPv6, which is what one customer has. Counts fade within hours. An account is never closed
 * to those networks from which its owner has logged in lately. All of it is bounded, and outlives the process. Names are kept as
 * keyed digests: what is typed as one may be a password.
 */
import {createHmac, createSecretKey, randomBytes} from 'node:crypto'
import {type FSWatcher, watch} from 'node:fs'
import {readFile} from 'node:fs/promises'
import {join} from 'node:path'
import type {Log} from '../../log/log.js'
import {replaceFile} from '../../support/atomic-file.js'
import {type FileIdentity, identityOf, sameFile} from '../../support/file-identity.js'
import {customerNetwork, unmapped} from '../../support/ip-address.js'
import {Networks} from '../../support/networks.js'
import {type Ban, current} from './ban.js'
import {banPath, changeBanFile, readBanFile} from './ban-file.js'
import {DecayingCounts, type KeptCount} from './decaying-counts.js'
import type {GuardSettings} from './guard-settings.js'

export interface LoginGuardOptions {
  readonly settings: GuardSettings
  readonly log: Log
  /** Milliseconds since 1970. */
  readonly now: () => number
}

const HALF_LIFE_MS = 15 * 60_000
const MAX_ADDRESSES = 20_000
const MAX_ACCOUNTS = 20_000
const MAX_FRIENDS = 50_000
/** Logins that are remembered as they are, and for how long: a digest for each would cost more than all else here. */
const MAX_LATELY = 10_000
const LATELY_MS = 60 * 60_000
/** Counts are written so long after a change. */
const SAVE_MS = 10_000
/** How often the file of the bans is looked at beside being watched. */
const LOOK_MS = 2_000
/** Delay of the first login that is slowed down; each further one waits twice as long. */
const FIRST_DELAY_MS = 1_000
const KEY_OCTETS = 16
/** Few enough that a digest fits many words, and enough that two accounts hardly ever share one. */
const DIGEST_OCTETS = 6

export class LoginGuard {
  readonly #options: LoginGuardOptions
  readonly #exempt: Networks
  readonly #addresses = new DecayingCounts({halfLifeMs: HALF_LIFE_MS, maxKeys: MAX_ADDRESSES})
  readonly #accounts = new DecayingCounts({halfLifeMs: HALF_LIFE_MS, maxKeys: MAX_ACCOUNTS})
  /** Networks from which an account was logged into: `digest network`. They fade in weeks. */
  readonly #friends = new DecayingCounts({halfLifeMs: 14 * 24 * 60 * 60_000, maxKeys: MAX_FRIENDS})
  /** Accounts and networks of logins that count as friends already. Only the names of accounts: a right password came with each. */
  readonly #lately = new Set<string>()
  #latelyUntilMs = 0
  /** Of the digests of names. */
  #key = createSecretKey(randomBytes(KEY_OCTETS))
  /** Bans of one address, or of one customer's network, by that. */
  #single = new Map<string, Ban>()
  /** All others. */
  #wide: readonly {readonly ban: Ban; readonly networks: Networks}[] = []
  #identity: FileIdentity | undefined
  /** Why the bans could not be read at the last look, as the log has it. */
  #unreadable: string | undefined
  #opened: Promise<void> | undefined
  #watcher: FSWatcher | undefined
  #looks: NodeJS.Timeout | undefined
  #saving: NodeJS.Timeout | undefined
  #changing: Promise<unknown> = Promise.resolve()

  constructor(options: LoginGuardOptions) {
    this.#options = options
    this.#exempt = new Networks(options.settings.exempt)
  }

  /** Reads what was kept, and watches the bans from now on. Never rejects: without state it begins with none. */
  open(): Promise<void> {
    this.#opened ??= this.#open()
    return this.#opened
  }

  async #open(): Promise<void> {
    const {stateDirectory} = this.#options.settings
    if (stateDirectory === undefined) return
    await this.#restore(join(stateDirectory, COUNTS))
    await this.#look()
    this.#looks = setInterval(() => void this.#look(), LOOK_MS)
    this.#looks.unref()
    this.#watch(stateDirectory)
  }

  #watch(directory: string): void {
    try {
      this.#watcher = watch(directory, {persistent: false}, (_, name) => {
        if (name === null || name === 'bans.json') void this.#look()
      })
      this.#watcher.on('error', () => this.#watcher?.close())
    } catch {
      // The interval has to do.
    }
  }

  isBanned(ip: string): boolean {
    if (this.#single.size === 0 && this.#wide.length === 0) return false
    const now = this.#options.now()
    const lasts = (ban: Ban | undefined) => ban !== undefined && (ban.until === undefined || ban.until > now)
    if (lasts(this.#single.get(customerNetwork(ip))) || lasts(this.#single.get(unmapped(ip)))) return true
    return this.#wide.some(({ban, networks}) => lasts(ban) && networks.has(ip))
  }

  /** How long a login has to wait before it is looked at; `account` undefined: not known. */
  delayMs(ip: string, account: string | undefined): number {
    const {delayAfter, maxDelayMs} = this.#options.settings
    if (delayAfter <= 0) return 0
    const now = this.#options.now()
    const network = customerNetwork(ip)
    const counted = this.#addresses.get(network, now)
    const ofAddress = counted === 0 || this.#exempt.has(ip) ? 0 : counted
    const isCounted = account !== undefined && !this.#accounts.isEmpty && !this.#isFriend(account, network)
    const ofAccount = !isCounted ? 0 : this.#accounts.get(this.#digest(account), now)
    const beyond = Math.max(ofAddress, ofAccount) - delayAfter
    return beyond < 0 ? 0 : Math.min(maxDelayMs, FIRST_DELAY_MS * 2 ** Math.min(beyond, 20))
  }

  /** Counts a wrong password. */
  failed(ip: string, account: string | undefined): void {
    const {settings, log, now} = this.#options
    const network = customerNetwork(ip)
    if (account !== undefined) this.#accounts.add(this.#digest(account), now())
    if (!this.#exempt.has(ip)) {
      const before = this.#addresses.get(network, now())
      const count = this.#addresses.add(network, now())
      if (settings.delayAfter > 0 && before < settings.delayAfter && count >= settings.delayAfter)
        log.info('login.slowed', {ip, count: Math.round(count)})
      if (settings.banAfter > 0 && count >= settings.banAfter) this.#ban(network, {ip, count})
    }
    this.#save()
  }

  /** A login with the right password: its network is one of the account's. */
  succeeded(ip: string, account: string | undefined): void {
    if (account === undefined) return
    const network = customerNetwork(ip)
    if (this.#wasLately(`${account} ${network}`)) return
    const key = friendKey(this.#digest(account), network)
    if (this.#friends.get(key, this.#options.now()) >= 1) return
    this.#friends.add(key, this.#options.now())
    this.#save()
  }

  /** This login was told within the last hour. Notes it. */
  #wasLately(login: string): boolean {
    const now = this.#options.now()
    if (now >= this.#latelyUntilMs || this.#lately.size >= MAX_LATELY) {
      this.#lately.clear()
      this.#latelyUntilMs = now + LATELY_MS
    }
    if (this.#lately.has(login)) return true
    this.#lately.add(login)
    return false
  }

  #isFriend(account: string, network: string): boolean {
    return this.#friends.get(friendKey(this.#digest(account), network), this.#options.now()) > 0
  }

  #digest(account: string): string {
    return createHmac('sha256', this.#key).update(account).digest().toString('base64url', 0, DIGEST_OCTETS)
  }

  #ban(network: string, {ip, count}: {readonly ip: string; readonly count: number}): void {
    const {settings, log, now} = this.#options
    const ban: Ban = {network, since: now(), until: now() + settings.banMs, by: 'server'}
    this.#single.set(network, ban)
    this.#addresses.delete(network)
    log.warning('login.banned', {ip, count: Math.round(count), seconds: Math.round(settings.banMs / 1000)})
    if (settings.stateDirectory === undefined) return
    const path = banPath(settings.stateDirectory)
    this.#changing = this.#changing
      .then(() => changeBanFile(path, (bans) => [...bans.filter((each) => each.network !== network), ban]))
      .catch((error: unknown) => log.error('login.bans-not-saved', {path, reason: messageOf(error)}))
  }

  async #look(): Promise<void> {
    const {settings, log, now} = this.#options
    const path = banPath(settings.stateDirectory ?? '')
    try {
      await this.#changing
      const identity = identityOf(path)
      // One that could not be read may have become readable without a change.
      if (sameFile(identity, this.#identity) && this.#unreadable === undefined) return
      this.#identity = identity
      this.#use(current(await readBanFile(path), now()))
      this.#unreadable = undefined
    } catch (error) {
      const reason = messageOf(error)
      if (reason !== this.#unreadable) log.error('login.bans-unreadable', {path, reason})
      this.#unreadable = reason
    }
  }

  #use(bans: readonly Ban[]): void {
    const isSingle = ({network}: Ban) => !network.includes('/') || network.endsWith('::/64')
    this.#single = new Map(bans.filter(isSingle).map((ban) => [singleKey(ban.network), ban]))
    this.#wide = bans.filter((ban) => !isSingle(ban)).map((ban) => ({ban, networks: new Networks([ban.network])}))
  }

  #save(): void {
    const {stateDirectory} = this.#options.settings
    if (stateDirectory === undefined || this.#saving) return
    this.#saving = setTimeout(() => {
      this.#saving = undefined
      void this.#write()
    }, SAVE_MS)
    this.#saving.unref()
  }

  async #write(): Promise<void> {
    const {settings, log, now} = this.#options
    if (settings.stateDirectory === undefined) return
    const path = join(settings.stateDirectory, COUNTS)
    const [addresses, accounts, friends] = [this.#addresses, this.#accounts, this.#friends].map((counts) => counts.kept(now()))
    const kept = {key: this.#key.export().toString('base64'), addresses, accounts, friends}
    try {
      // Two servers may share the directory: the last one's counts stay.
      await replaceFile({path, temporary: `${path}.${process.pid}`, mode: 0o600}, (file) => file.writeFile(JSON.stringify(kept)))
    } catch (error) {
      log.warning('login.counts-not-saved', {path, reason: messageOf(error)})
    }
  }

  async #restore(path: string): Promise<void> {
    try {
      const kept: unknown = JSON.parse(await readFile(path, 'utf8'))
      const {key, addresses, accounts, friends} = kept as Record<string, unknown>
      this.#addresses.restore(readKept(addresses))
      // A file without a key has names, which are not taken over.
      if (typeof key !== 'string') return this.#save()
      this.#key = createSecretKey(key, 'base64')
      this.#accounts.restore(readKept(accounts))
      this.#friends.restore(readKept(friends))
    } catch {
      // There are none, or they are damaged: everybody begins anew.
    }
  }

  /** Writes what is to last. */
  async close(): Promise<void> {
    clearInterval(this.#looks)
    this.#watcher?.close()
    if (this.#saving) {
      clearTimeout(this.#saving)
      this.#saving = undefined
      await this.#write()
    }
    await this.#changing
  }
}

const COUNTS = 'login-failures.json'

function friendKey(digest: string, network: string): string {
  return `${digest} ${network}`
}

/** As `customerNetwork` and `unmapped` write it. */
function singleKey(network: string): string {
  return network.endsWith('/64') ? customerNetwork(network.slice(0, -'/64'.length)) : unmapped(network)
}

function readKept(value: unknown): KeptCount[] {
  if (!Array.isArray(value)) return []
  return value.filter(
    (each): each is KeptCount =>
      Array.isArray(each) && typeof each[0] === 'string' && Number.isFinite(each[1]) && Number.isFinite(each[2]) && each[1] >= 0,
  )
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
