import type {Log} from '../../log/log.js'
import {Secret} from '../../log/secret.js'
import {Mutex} from '../../support/mutex.js'
import type {PasswordCheck} from '../account.js'
import type {AccountAttributes, AuthModule} from '../modules/module.js'
import {deriveScramSecret, formatScramSecret, SCRAM_ITERATIONS, SCRAM_SALT_OCTETS} from '../scram/secret.js'
import {hashSetting, type StrongKind} from './make-hash.js'
import type {PasswordCrypt} from './password-crypt.js'

/** What counts as strong enough for each kind, and is left alone. */
const STRONG: Record<StrongKind, RegExp> = {
  sha512: /^(\{CRYPT\})?\$(6|y|gy|7|2[aby]|argon2\w*)\$/i,
  yescrypt: /^(\{CRYPT\})?\$(y|gy|7|2[aby]|argon2\w*)\$/i,
}
/** Hashes that are made at the same time; a login that finds more is not rehashed now. */
const MAX_RUNNING = 100
/** For the fair queue: behind everybody who waits for a login. */
const NOBODY = 'rehash'

/** What logins bring up to date. */
export interface RehashPolicy {
  /** Weaker hashes become this kind; undefined: hashes stay. */
  readonly kind: StrongKind | undefined
  /** Accounts without a secret for SCRAM-SHA-256 get one. */
  readonly scram: boolean
}

export interface RehasherOptions extends RehashPolicy {
  readonly crypt: PasswordCrypt
  readonly random: (octets: number) => Buffer
  readonly log: Log
}

type Login = Pick<PasswordCheck, 'service' | 'user' | 'password'>

/**
 * Replaces weak hashes by strong ones when their password is known, at login. Never in the way of the login: it runs afterwards, and what
 * fails is tried at the next one.
 */
export class Rehasher {
  readonly #options: RehasherOptions
  /** Hashes that are being replaced, so that many logins at once replace each only once. */
  readonly #running = new Set<string>()
  /** Secrets are derived on the pool that files are read on: never more than one at a time, so that nobody waits for it. */
  readonly #turns = new Mutex()

  constructor(options: RehasherOptions) {
    this.#options = options
  }

  /** A module has accepted that password. Returns at once. */
  saw(module: AuthModule, {service, user, password}: PasswordCheck, {passwordHash}: AccountAttributes): void {
    const {kind, scram} = this.#options
    const from = passwordHash?.reveal()
    const login = {service, user, password}
    if (kind && module.rehash && from !== undefined && !STRONG[kind].test(from)) {
      this.#start(`${module.name} ${user} ${from}`, user, () => this.#replace(module, {...login, from, kind}))
    }
    if (scram && module.storeScram) this.#start(`${module.name} ${user} ${service} scram`, user, () => this.#addScram(module, login))
  }

  #start(key: string, user: string, work: () => Promise<void>): void {
    if (this.#running.has(key) || this.#running.size >= MAX_RUNNING) return
    this.#running.add(key)
    work()
      .catch((error: unknown) => {
        this.#options.log.warning('auth.not-rehashed', {user, reason: error instanceof Error ? error.message : String(error)})
      })
      .finally(() => this.#running.delete(key))
  }

  async #replace(module: AuthModule, {service, user, password, from, kind}: Login & {readonly from: string; readonly kind: StrongKind}) {
    const {crypt, random} = this.#options
    const to = await crypt.hash({password: password.reveal(), setting: hashSetting(kind, random), remote: NOBODY})
    if (to === undefined) throw new Error(`This system cannot make a ${kind} hash of that password`)
    await module.rehash?.({service, user, from: new Secret(from), to: new Secret(to)})
  }

  async #addScram(module: AuthModule, {service, user, password}: Login): Promise<void> {
    if (!(await module.wantsScram?.(service, user))) return
    const salt = this.#options.random(SCRAM_SALT_OCTETS)
    const octets = Buffer.from(password.reveal(), 'latin1')
    const secret = await this.#turns.run(() => deriveScramSecret(octets, {salt, iterations: SCRAM_ITERATIONS}))
    await module.storeScram?.({service, user, secret: new Secret(formatScramSecret(secret))})
  }
}
