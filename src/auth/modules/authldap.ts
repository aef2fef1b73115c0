import {isUtf8} from 'node:buffer'
import {existsSync} from 'node:fs'
import {join} from 'node:path'
import type {Secret} from '../../log/secret.js'
import {Fault} from '../../support/fault.js'
import {sameText} from '../hash/digest-schemes.js'
import {verifyPassword} from '../hash/password-verifier.js'
import {renewHash} from '../hash/renew-hash.js'
import {renewScram} from '../scram/renew.js'
import {SystemProcesses} from '../system/system-processes.js'
import {errorText} from './error-text.js'
import {accountOf, type CommonIds, enumeratedOf, wantedAttributes} from './ldap/ldap-account.js'
import {LdapDirectory, loadLdap} from './ldap/ldap-directory.js'
import {type LdapSettings, ldapSettings} from './ldap/ldap-settings.js'
import type {AccountAttributes, AuthModule, ModuleContext, ModuleType, Unavailable} from './module.js'
import {RcBackend} from './rc-backend.js'

const REFUSED = {outcome: 'refused'} as const
const IDS_LIMIT_MS = 10_000

/** An account together with the name of its entry. */
type Found = {readonly outcome: 'found'; readonly account: AccountAttributes; readonly dn: string; readonly directory: LdapDirectory}

/** Accounts from an LDAP directory (`spec/auth.md` §18). */
export const authldap: ModuleType = {
  name: 'authldap',
  create(context) {
    const {directory, log, environment, daemons, now} = context
    const path = join(directory, 'authldaprc')
    if (!existsSync(path)) return undefined
    const backend = new RcBackend({
      path,
      log,
      open(values) {
        const settings = ldapSettings(values)
        return new LdapDirectory({settings, environment, connections: daemons, now, attributes: wantedAttributes(settings)})
      },
    })
    return new LdapModule(context, backend)
  },
}

class LdapModule implements AuthModule {
  readonly name = 'authldap'
  readonly #context: ModuleContext
  readonly #backend: RcBackend<LdapDirectory>
  readonly #system = new SystemProcesses({limit: 1, timeoutMs: IDS_LIMIT_MS})

  constructor(context: ModuleContext, backend: RcBackend<LdapDirectory>) {
    this.#context = context
    this.#backend = backend
  }

  async check({service, user, password, remote}: Parameters<AuthModule['check']>[0]) {
    const found = await this.#find(service, user)
    if (found.outcome === 'unavailable') return {...found, asksOthers: true}
    if (found.outcome === 'refused') return found
    try {
      if (!(await this.#matches(found, password, remote))) return REFUSED
      const {account} = found
      return {outcome: 'accepted', account: {...account, clearPassword: account.clearPassword ?? password}} as const
    } catch (error) {
      return unavailable(error)
    }
  }

  async find(service: string, user: string) {
    const found = await this.#find(service, user)
    return found.outcome === 'found' ? ({outcome: 'accepted', account: found.account} as const) : found
  }

  async changePassword({service, user, oldPassword, newPassword, remote}: Parameters<NonNullable<AuthModule['changePassword']>>[0]) {
    const octets = Buffer.from(newPassword.reveal(), 'latin1')
    if (octets.length === 0 || octets.includes(0) || !isUtf8(octets)) return REFUSED
    const found = await this.#find(service, user)
    if (found.outcome !== 'found') return found
    try {
      if (!(await this.#matches(found, oldPassword, remote))) return REFUSED
      const {account, dn, directory} = found
      const {clearPassword, hash, scram} = directory.settings.attributes
      const {crypt, random} = this.#context
      const values: [string, string][] = []
      if (clearPassword !== undefined && account.clearPassword) values.push([clearPassword, octets.toString('utf8')])
      if (hash !== undefined && account.passwordHash) {
        values.push([hash, await renewHash({stored: account.passwordHash.reveal(), password: newPassword, crypt, random, remote})])
      }
      const secret = await renewScram(account.secrets?.get('scram-sha-256pw')?.reveal(), {oldPassword, newPassword, random})
      if (scram !== undefined && secret !== undefined) values.push([scram, secret])
      if (values.length === 0) return REFUSED
      return (await directory.replace(dn, values, oldPassword.reveal())) ? ({outcome: 'changed'} as const) : REFUSED
    } catch (error) {
      return unavailable(error)
    }
  }

  async *enumerate() {
    try {
      const directory = await this.#backend.current()
      const {settings} = directory
      const reading = {settings, common: await this.#commonIds(settings), log: this.#context.log}
      for await (const entry of directory.all()) yield* enumeratedOf(entry, reading)
    } catch (error) {
      // Courier: with some kinds of failure the list ends as if it were complete.
      throw error instanceof Fault ? error : new Fault('unavailable', errorText(error), {cause: error})
    }
  }

  async health() {
    try {
      await (await this.#backend.current()).find('courier-health-check')
      return {usable: true} as const
    } catch (error) {
      return {usable: false, reason: errorText(error)} as const
    }
  }

  async warmUp(): Promise<void> {
    await loadLdap()
  }

  async close(): Promise<void> {
    await this.#backend.close()
    await this.#system.close()
  }

  async #find(service: string, user: string): Promise<Found | typeof REFUSED | Unavailable> {
    if (user === '' || user.includes('\0')) return REFUSED
    try {
      const directory = await this.#backend.current()
      const entry = await directory.find(user)
      if (!entry) return REFUSED
      const {settings} = directory
      const account = accountOf(entry, {user, service}, {settings, common: await this.#commonIds(settings), log: this.#context.log})
      const {uid, gid, home} = account
      if (uid === 0 || gid === 0) {
        const reason = `authldaplib: refuse to authenticate ${user}: uid=${uid}, gid=${gid} (zero uid or gid not permitted)`
        return {outcome: 'unavailable', reason}
      }
      if (home === '') return {outcome: 'unavailable', reason: `${entry.dn} has no ${settings.attributes.home}`}
      return {outcome: 'found', account, dn: entry.dn, directory}
    } catch (error) {
      return unavailable(error)
    }
  }

  /** By binding, or with the clear text when there is one, else with the hash. */
  async #matches({account, dn, directory}: Found, password: Secret, remote: string): Promise<boolean> {
    if (password.reveal() === '') return false
    if (directory.settings.bindsToCheck) return directory.binds(dn, password.reveal())
    const {clearPassword, passwordHash} = account
    if (clearPassword) return sameText(clearPassword.reveal(), password.reveal())
    return passwordHash !== undefined && verifyPassword(this.#context.crypt, {stored: passwordHash.reveal(), password, remote})
  }

  async #commonIds({commonUid, commonGid}: LdapSettings): Promise<CommonIds> {
    const number = (text: string | undefined) => (text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : undefined)
    const user = number(commonUid) === undefined ? commonUid : undefined
    const group = number(commonGid) === undefined ? commonGid : undefined
    const named = user || group ? await this.#system.ask({kind: 'ids', user, group}, '') : undefined
    return {uid: number(commonUid) ?? named?.uid ?? 0, gid: number(commonGid) ?? named?.gid ?? 0}
  }
}

/** What servers say becomes a reason; what is no answer of a server is one too: the library throws plain errors. */
function unavailable(error: unknown): Unavailable {
  return {outcome: 'unavailable', reason: errorText(error)}
}
