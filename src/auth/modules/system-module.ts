import {spawn} from 'node:child_process'
import {Secret} from '../../log/secret.js'
import {Fault} from '../../support/fault.js'
import type {PasswordCheck} from '../account.js'
import type {FoundAccount} from '../system/system-process.js'
import type {SystemProcesses} from '../system/system-processes.js'
import type {AccountAttributes, AuthModule, ChangeResult, ModuleResult, PasswordChange} from './module.js'

/** In what authpwd, authshadow and authpam differ (`spec/auth.md` §17). */
export interface SystemModuleOptions {
  readonly name: string
  readonly processes: SystemProcesses
  /** The hash is in shadow(5). */
  readonly wantsShadow: boolean
  /** The hash that the module shows, or a refusal of the account. */
  readonly hashOf: (found: FoundAccount) => {readonly hash: string | undefined} | 'refused'
  /** Whether the password is right; the account exists and is not refused. */
  readonly verify: (
    request: PasswordCheck,
    hash: string | undefined,
  ) => Promise<'accepted' | 'refused' | Extract<ModuleResult, {outcome: 'unavailable'}>>
}

const REFUSED = {outcome: 'refused'} as const
/** Below are the system's own. */
const LEAST_UID = 100
/** No system has longer names, and no name service should be asked for one. */
const MAX_NAME_OCTETS = 256
const PASSWD = '/usr/bin/passwd'
const CHANGE_LIMIT_MS = 30_000

/** Accounts of the system. The daemon tells their names instead of their ids. */
export function systemModule({name, processes, wantsShadow, hashOf, verify}: SystemModuleOptions): AuthModule {
  async function find(user: string, remote: string): Promise<ModuleResult> {
    // "/" and ":" are in no name of passwd(5); "+" and "-" begin its special lines.
    if (user === '' || /[\x00-\x1f/:]|^[+-]/.test(user) || Buffer.byteLength(user) > MAX_NAME_OCTETS) return REFUSED
    try {
      const {found} = await processes.ask({kind: 'account', name: user, wantsShadow}, remote)
      if (!found || found.account.name === '') return REFUSED
      const hash = hashOf(found)
      return hash === 'refused' ? REFUSED : {outcome: 'accepted', account: attributesOf(user, found, hash.hash)}
    } catch (error) {
      return failed(error)
    }
  }

  async function check(request: PasswordCheck): Promise<ModuleResult> {
    const found = await find(request.user, request.remote)
    if (found.outcome !== 'accepted') return found
    const {password} = request
    if (password.reveal() === '' || password.reveal().includes('\0')) return REFUSED
    try {
      const result = await verify(request, found.account.passwordHash?.reveal())
      if (result === 'refused') return REFUSED
      return result === 'accepted' ? {outcome: 'accepted', account: {...found.account, clearPassword: password}} : result
    } catch (error) {
      return failed(error)
    }
  }

  return {
    name,
    check,
    find: (_service, user) => find(user, ''),
    async changePassword({service, user, oldPassword, newPassword, remote}: PasswordChange): Promise<ChangeResult> {
      if (user.includes('@') || newPassword.reveal() === '' || holdsControls(newPassword) || holdsControls(oldPassword)) return REFUSED
      const checked = await check({service, user, password: oldPassword, remote})
      if (checked.outcome !== 'accepted') return checked
      // passwd asks root for no old password, and root has no mail.
      if (checked.account.uid === 0) return REFUSED
      const problem = await changeByPasswd(checked.account, oldPassword, newPassword)
      return problem === undefined ? {outcome: 'changed'} : {outcome: 'unavailable', reason: problem}
    },
    async *enumerate() {
      const {accounts} = await processes.ask({kind: 'accounts', leastUid: LEAST_UID}, '')
      for (const {name: account, uid, gid, home} of accounts) yield {name: account, uid, gid, home, maildir: undefined, options: undefined}
    },
    async health() {
      try {
        await processes.ask({kind: 'account', name: 'root', wantsShadow}, '')
        return {usable: true}
      } catch (error) {
        if (error instanceof Fault) return {usable: false, reason: error.message}
        throw error
      }
    },
    warmUp: () => processes.warmUp(),
    close: () => processes.close(),
  }
}

function attributesOf(user: string, {account}: FoundAccount, hash: string | undefined): AccountAttributes {
  const {uid, gid, home, gecos} = account
  return {
    address: user,
    systemUser: user,
    uid,
    gid,
    home,
    maildir: undefined,
    quota: undefined,
    fullName: gecos,
    options: undefined,
    passwordHash: hash === undefined || hash === '' ? undefined : new Secret(Buffer.from(hash, 'utf8').toString('latin1')),
  }
}

function holdsControls(password: Secret): boolean {
  return /[\x00-\x1f]/.test(password.reveal())
}

/**
 * As the user himself, so that the system's rules for passwords hold. Courier runs an `expect` script around the same program.
 *
 * @returns what went wrong
 */
function changeByPasswd({uid, gid}: AccountAttributes, oldPassword: Secret, newPassword: Secret): Promise<string | undefined> {
  return new Promise((resolve) => {
    const ids = process.geteuid?.() === 0 ? {uid, gid} : {}
    const child = spawn(PASSWD, [], {...ids, cwd: '/', env: {PATH: '/usr/bin:/bin', LC_ALL: 'C'}, stdio: ['pipe', 'ignore', 'ignore']})
    const timer = setTimeout(() => child.kill('SIGKILL'), CHANGE_LIMIT_MS)
    child.on('error', (error) => resolve(error.message))
    child.on('close', (code) => {
      clearTimeout(timer)
      resolve(code === 0 ? undefined : `passwd ended with ${code}`)
    })
    child.stdin.on('error', () => undefined)
    child.stdin.end(Buffer.from(`${oldPassword.reveal()}\n${newPassword.reveal()}\n${newPassword.reveal()}\n`, 'latin1'))
  })
}

function failed(error: unknown): Extract<ModuleResult, {outcome: 'unavailable'}> {
  if (error instanceof Fault) return {outcome: 'unavailable', reason: error.message}
  throw error
}
