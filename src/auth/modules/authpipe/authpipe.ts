import {accessSync, constants} from 'node:fs'
import {join} from 'node:path'
import {Fault} from '../../../support/fault.js'
import {ENUMERATE, formatChallengeCheck, formatLookUp, formatPasswordChange, formatPasswordCheck} from '../../daemon/format-request.js'
import {DAEMON_LIMITS} from '../../daemon/limits.js'
import {isWholeReply, parseEnumerationLine, parseReply} from '../../daemon/parse-reply.js'
import {enumeratedAccount, replyAccount} from '../../daemon/reply-account.js'
import {SystemProcesses} from '../../system/system-processes.js'
import {ConnectionPool} from '../connection-pool.js'
import type {AuthModule, ChangeResult, EnumeratedAccount, ModuleContext, ModuleResult, ModuleType} from '../module.js'
import {PipeProgram, type PipeTimes} from './pipe-program.js'

const REFUSED = {outcome: 'refused'} as const
export const PIPE_TIMES: PipeTimes = {replyMs: 30_000, enumerationMs: 60_000, graceMs: 2000, killMs: 10_000}
const IDS_LIMIT_MS = 10_000
/** Programs of the original are told no client's address. */
const NO_REMOTE = ''

/** Accounts from the administrator's program `authProg` (`spec/auth.md` §22). */
export const authpipe: ModuleType = {
  name: 'authpipe',
  create(context) {
    const path = join(context.directory, 'authProg')
    // Courier: without the program the module refuses everything, and breaks every enumeration.
    return isProgram(path) ? pipeModule(path, PIPE_TIMES, context) : undefined
  },
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** As many programs as `daemons`, each started when it is needed. */
export function pipeModule(path: string, times: PipeTimes, {daemons, environment, log, now}: ModuleContext): AuthModule {
  const system = new SystemProcesses({limit: 1, timeoutMs: IDS_LIMIT_MS})
  const connect = () => PipeProgram.start({path, environment, times})
  const pool = new ConnectionPool<PipeProgram>({what: `The program ${path}`, connect, limit: daemons, waitMs: times.replyMs, now})
  const whole = {isWhole: isWholeReply, limit: DAEMON_LIMITS.replyOctets}

  async function uidOf(name: string): Promise<number | undefined> {
    return (await system.ask({kind: 'ids', user: name, group: undefined}, '')).uid
  }

  async function ask(request: Buffer | undefined): Promise<ModuleResult> {
    if (request === undefined) return REFUSED
    try {
      const reply = parseReply(await pool.use((program) => program.request(request, whole)))
      if (reply.kind === 'fail') return REFUSED
      if (reply.kind === 'none') return {outcome: 'unavailable', reason: 'The authpipe program ended without an answer'}
      const {attributes} = reply
      const missing = ['ADDRESS', 'HOME', 'GID'].filter((name) => !attributes.get(name))
      if (!attributes.get('UID') && !attributes.get('USERNAME')) missing.push('UID')
      if (missing.length > 0) return refuse(`the reply has no ${missing.join(', ')}`)
      const account = await replyAccount(attributes, uidOf)
      const {uid, gid} = account
      return uid === 0 || gid === 0 ? refuse(`uid=${uid}, gid=${gid} (zero uid or gid not permitted)`) : {outcome: 'accepted', account}
    } catch (error) {
      if (error instanceof Fault) return {outcome: 'unavailable', reason: error.message}
      throw error
    }
  }

  function refuse(reason: string): typeof REFUSED {
    log.error('auth.bad-account', {reason: `authpipe: ${reason}`})
    return REFUSED
  }

  return {
    name: 'authpipe',
    check: (request) => ask(formatPasswordCheck({...request, remote: NO_REMOTE})),
    checkChallenge: (request) => ask(formatChallengeCheck({...request, remote: NO_REMOTE})),
    find: (service, user) => ask(formatLookUp(service, user)),
    async changePassword(change): Promise<ChangeResult> {
      const request = formatPasswordChange(change)
      if (request === undefined) return REFUSED
      try {
        const reply = await pool.use((program) => program.request(request, {...whole, isWhole: (text) => text.includes('\n')}))
        // No answer counts as a refusal here (`spec/auth.md` §22).
        return reply === 'OK\n' ? {outcome: 'changed'} : REFUSED
      } catch (error) {
        if (error instanceof Fault) return {outcome: 'unavailable', reason: error.message}
        throw error
      }
    },
    async *enumerate(): AsyncGenerator<EnumeratedAccount> {
      // A program of its own: the list may be long, and whoever reads it slow.
      const program = await connect().catch((error: unknown) => {
        throw new Fault('unavailable', `The program ${path} cannot be started`, {cause: error})
      })
      try {
        for await (const line of program.lines(ENUMERATE, DAEMON_LIMITS.enumerationLineOctets)) {
          const read = parseEnumerationLine(line)
          if (read.kind === 'end') return
          const account = read.kind === 'account' ? enumeratedAccount(read.parts) : undefined
          if (account) yield account
        }
      } finally {
        program.close().catch(() => undefined)
      }
      throw new Fault('unavailable', 'The authpipe program did not list all accounts')
    },
    async health() {
      return isProgram(path) ? {usable: true} : {usable: false, reason: `${path} is no program`}
    },
    async close() {
      await pool.close()
      await system.close()
    },
  }
}
