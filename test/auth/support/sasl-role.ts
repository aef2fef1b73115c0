/** An auth role over a userdb of the test's own, and exchanges with it. */
import type {ChannelFacts, ExchangeStart, ExchangeStep} from '../../../src/auth/account.js'
import {type AuthSettings, startAuth} from '../../../src/services/start-auth.js'
import {recordingLog, scratch} from './scratch.js'

export const HOME = 'uid=5001|gid=5001|home=/srv/mail'

export const CHANNEL: ChannelFacts = {encrypted: false, certificateIdentity: undefined, bindings: new Map(), bindingAnnounced: false}

export async function saslRole(userdb: string, settings: Partial<AuthSettings> = {}) {
  const place = await scratch()
  const problems = await place.userdb(userdb)
  if (problems.length > 0) throw new Error(JSON.stringify(problems))
  const log = recordingLog()
  const {directory} = place
  const defaultDomain = {domain: '', separators: undefined}
  const auth = startAuth(
    {directory, modules: ['authuserdb'], defaultOptions: '', defaultMaildir: './Maildir', defaultDomain, ...settings},
    log,
  )
  return {
    ...place,
    auth,
    log,
    begin: (mechanism: string, initial?: string | Buffer, channel: Partial<ChannelFacts> = {}) =>
      auth.begin(start(mechanism, initial, channel)),
    /** Name of the account that the exchange ended with, or how it ended. */
    async outcome(step: ExchangeStep): Promise<string> {
      if (step.kind === 'challenge') return `challenge ${step.challenge}`
      if (step.kind === 'failed') return step.reason
      if (step.result.outcome !== 'accepted') return step.result.outcome
      return (await auth.redeem(step.result.ticket))?.name ?? 'no account'
    },
    async [Symbol.asyncDispose]() {
      await auth.close()
      await place[Symbol.asyncDispose]()
    },
  }
}

function start(mechanism: string, initial: string | Buffer | undefined, channel: Partial<ChannelFacts>): ExchangeStart {
  const octets = typeof initial === 'string' ? Buffer.from(initial) : initial
  return {service: 'imap', mechanism, initial: octets, remote: '192.0.2.1', channel: {...CHANNEL, ...channel}}
}

/** The challenge of a step, and how to answer it. */
export function challengeOf(step: ExchangeStep): Extract<ExchangeStep, {kind: 'challenge'}> {
  if (step.kind !== 'challenge') throw new Error(`A challenge was expected, not ${JSON.stringify(step)}`)
  return step
}
