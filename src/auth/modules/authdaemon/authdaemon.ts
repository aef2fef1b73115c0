import {execFile} from 'node:child_process'
import {promisify} from 'node:util'
import {Fault} from '../../../support/fault.js'
import {isAnswered} from '../../../support/unix-socket.js'
import {EXCHANGE_TIMES, type ExchangeTimes, exchange, exchangeLines} from '../../daemon/exchange.js'
import {ENUMERATE, formatChallengeCheck, formatLookUp, formatPasswordChange, formatPasswordCheck} from '../../daemon/format-request.js'
import {DAEMON_LIMITS} from '../../daemon/limits.js'
import {isWholeReply, parseEnumerationLine, parseReply} from '../../daemon/parse-reply.js'
import {enumeratedAccount, type FindSystemUid, replyAccount} from '../../daemon/reply-account.js'
import {DAEMON_DIRECTORY, daemonSocketIn} from '../../daemon/socket-path.js'
import type {AuthModule, ChangeResult, EnumeratedAccount, ModuleResult, ModuleType} from '../module.js'
import {Turns} from './turns.js'

const REFUSED = {outcome: 'refused'} as const
/** Who asks without a client, for the turns. */
const NOBODY = ''
const WAITING = {items: 20_000, itemsOfSource: 10_000}

export interface AuthdaemonOptions {
  /** The socket of the daemon. */
  readonly path: string
  /** Requests at the same time: a real daemon serves as many as it has processes. */
  readonly daemons: number
  readonly times?: ExchangeTimes
  readonly findSystemUid?: FindSystemUid
}

/** Accounts of a foreign authdaemond. */
export const authdaemonModule: ModuleType = {
  name: 'authdaemon',
  create: ({daemonSocket = daemonSocketIn(DAEMON_DIRECTORY), daemons}) => authdaemon({path: daemonSocket, daemons}),
}

/**
 * Accounts of an authdaemond, a real one or ours (`spec/auth.md` §13, 0.71 or newer): what its modules say counts, with its
 * DEFAULTOPTIONS. No daemon, no answer, or half of one: unavailable.
 */
export function authdaemon({path, daemons, times = EXCHANGE_TIMES, findSystemUid = systemUid}: AuthdaemonOptions): AuthModule {
  const closing = new AbortController()
  const turns = new Turns({places: daemons, waiting: WAITING})
  const options = {path, times, signal: closing.signal}

  async function ask(source: string, request: Buffer | undefined): Promise<ModuleResult> {
    if (request === undefined) return REFUSED
    const reply = parseReply(await turns.run(source, () => exchange(options, request, isWholeReply)))
    if (reply.kind === 'fail') return REFUSED
    if (reply.kind === 'none') return {outcome: 'unavailable', reason: `The authdaemond at ${path} has no answer for now`}
    return {outcome: 'accepted', account: await replyAccount(reply.attributes, findSystemUid)}
  }

  return {
    name: 'authdaemon',
    check: (request) => ask(request.remote, formatPasswordCheck(request)),
    checkChallenge: (request) => ask(request.remote, formatChallengeCheck(request)),
    find: (service, user) => ask(NOBODY, formatLookUp(service, user)),
    async changePassword(change): Promise<ChangeResult> {
      const request = formatPasswordChange(change)
      if (request === undefined) return REFUSED
      const reply = await turns.run(change.remote, () => exchange(options, request, (text) => text.includes('\n')))
      if (reply === 'OK\n') return {outcome: 'changed'}
      return reply === 'FAIL\n' ? REFUSED : {outcome: 'unavailable', reason: `The authdaemond at ${path} did not say whether it changed it`}
    },
    async *enumerate(): AsyncGenerator<EnumeratedAccount> {
      for await (const line of exchangeLines(options, ENUMERATE, DAEMON_LIMITS.enumerationLineOctets)) {
        const read = parseEnumerationLine(line)
        if (read.kind === 'end') return
        const account = read.kind === 'account' ? enumeratedAccount(read.parts) : undefined
        if (account) yield account
      }
      throw new Fault('unavailable', `The authdaemond at ${path} did not list all accounts`)
    },
    async health() {
      return (await isAnswered(path)) ? {usable: true} : {usable: false, reason: `No authdaemond answers at ${path}`}
    },
    async close() {
      closing.abort()
    },
  }
}

/** The uid of a system user from all sources of the system. */
async function systemUid(name: string): Promise<number | undefined> {
  if (!/^[^-:\s][^:\s]{0,255}$/.test(name)) return undefined
  const {stdout} = await promisify(execFile)('id', ['-u', '--', name]).catch(() => ({stdout: ''}))
  return /^\d+$/.test(stdout.trim()) ? Number(stdout) : undefined
}
