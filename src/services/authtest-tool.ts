import {completeName} from '../auth/complete-name.js'
import type {AccountAttributes, ModuleResult} from '../auth/modules/module.js'
import {mergeOptions} from '../auth/options.js'
import {Secret} from '../log/secret.js'
import {Fault} from '../support/fault.js'
import type {AccountSource} from './account-source.js'
import {daemonFailure} from './daemon-failure.js'
import {sourceOptions} from './source-options.js'
import {octetsOf, type Tool, type ToolIo} from './tool.js'

const USAGE = 'Usage: authtest [-s service] userid [ password [ newpassword ] ]\n'

interface Request {
  readonly service: string
  readonly user: string
  readonly password: string | undefined
  readonly newPassword: string | undefined
}

/**
 * `authtest`: looks an account up, checks its password, or changes it, as the original does through authdaemond
 * (`spec/auth.md` §26.1); here through the modules of the configuration, unless `--socket` or the configuration names a daemon.
 */
export const authtestTool: Tool = async (args, io) => {
  const {words, ...options} = sourceOptions(args)
  const request = readRequest(words)
  if (!request) {
    io.err(USAGE)
    return 1
  }
  let source: AccountSource | undefined
  try {
    const {openAccountSource} = await import('./account-source.js')
    source = await openAccountSource(options, io)
    return await run(request, source, io)
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    const {lines, reason} = daemonFailure(error, source?.daemon ?? false)
    io.err(octetsOf(lines))
    return failed(reason, io)
  } finally {
    await source?.close()
  }
}

/** A lone `-` ends the options. Undefined: usage. */
function readRequest(args: readonly string[]): Request | undefined {
  const words = [...args]
  let service = 'login'
  while (words[0]?.startsWith('-')) {
    const word = words.shift() ?? ''
    if (word === '-') break
    if (!word.startsWith('-s')) return undefined
    const value = word.length > 2 ? word.slice(2) : words.shift()
    if (value === undefined) return undefined
    service = value
  }
  const [user, password, newPassword] = words
  return user === undefined ? undefined : {service, user, password, newPassword}
}

async function run({service, user, password, newPassword}: Request, source: AccountSource, io: ToolIo): Promise<number> {
  const {DEFDOMAIN: domain = '', DOMAINSEP: separators, TCPREMOTEIP: remote = '::1'} = io.env
  if (password === undefined) return tell(await source.find(service, user), source, io)
  if ([service, user, password, newPassword ?? ''].some(holdsControls)) return failed('Invalid argument', io)
  const secret = new Secret(octetsOf(password))
  if (newPassword === undefined) {
    return tell(await source.check({service, user: completeName(user, {domain, separators}), password: secret, remote}), source, io)
  }
  const {outcome} = await source.changePassword({
    service,
    user,
    oldPassword: secret,
    newPassword: new Secret(octetsOf(newPassword)),
    remote,
  })
  if (outcome !== 'changed') return failed('Operation not permitted', io)
  io.err('Password change succeeded.\n')
  return 0
}

function holdsControls(text: string): boolean {
  return /[\x00-\x1f]/.test(text)
}

function failed(reason: string, {err}: ToolIo): number {
  err(octetsOf(`Authentication FAILED: ${reason}\n`))
  return 1
}

function tell(result: ModuleResult, {defaultOptions}: AccountSource, io: ToolIo): number {
  if (result.outcome === 'refused') return failed('Operation not permitted', io)
  if (result.outcome === 'unavailable') return failed('Input/output error', io)
  const {account} = result
  if (account.systemUser === undefined && (account.uid === 0 || account.gid === 0)) {
    io.err(octetsOf(`ERR: "${account.address}" has uid ${account.uid} and gid ${account.gid}: root gets no mail session\n`))
    return failed('Operation not permitted', io)
  }
  io.out(`Authentication succeeded.\n\n${describe(account, defaultOptions)}`)
  return 0
}

/** Octets. */
function describe(account: AccountAttributes, defaultOptions: string): string {
  const {address, systemUser, uid, gid, home, maildir, quota, passwordHash, clearPassword, options} = account
  const who = systemUser === undefined ? ` (uid ${uid}, gid ${gid})` : ` (system username: ${systemUser})`
  const lines: readonly (readonly [string, string | undefined])[] = [
    ['Authenticated', octetsOf(`${address} ${who}`)],
    ['Home Directory', octetsOf(home)],
    ['Maildir', octets(maildir)],
    ['Quota', octets(quota)],
    ['Encrypted Password', passwordHash?.reveal()],
    ['Cleartext Password', clearPassword?.reveal()],
    ['Options', octets(mergeOptions(options ?? '', defaultOptions) || undefined)],
  ]
  return lines.map(([label, value]) => `${label.padStart(18)}: ${value ?? '(none)'}\n`).join('')
}

function octets(text: string | undefined): string | undefined {
  return text === undefined ? undefined : octetsOf(text)
}
