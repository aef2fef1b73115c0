import type {CheckResult} from '../account.js'
import {decodeBase64} from '../base64.js'
import type {Credentials} from '../credentials.js'
import type {SaslFailure, SaslMechanism, SaslStep} from './mechanism.js'

const ASTERISK = 0x2a

/** What a protocol does next: send `challenge` (base64) and hand the next line in, check the credentials, or end it. */
export type SaslReply =
  | {readonly kind: 'challenge'; readonly challenge: string; readonly answer: (line: Buffer) => Promise<SaslReply>}
  | {readonly kind: 'credentials'; readonly credentials: Credentials}
  | {readonly kind: 'checked'; readonly result: CheckResult}
  | {readonly kind: 'failed'; readonly reason: SaslFailure}

/**
 * Begins an exchange as text protocols carry it: base64 in both directions, `*` cancels, an initial response of `=`
 * is an empty one (RFC 4959 §3, RFC 5034 §4). Lines come without their CRLF.
 */
export async function startSasl(mechanism: SaslMechanism, initial: Buffer | undefined): Promise<SaslReply> {
  if (initial === undefined) return inBase64(await mechanism.start())
  if (initial.toString('latin1') === '=') return inBase64(await mechanism.start(Buffer.alloc(0)))
  return received(initial, (response) => mechanism.start(response))
}

async function received(line: Buffer, next: (response: Buffer) => SaslStep | Promise<SaslStep>): Promise<SaslReply> {
  if (line[0] === ASTERISK) return {kind: 'failed', reason: 'cancelled'}
  const response = decodeBase64(line)
  return response ? inBase64(await next(response)) : {kind: 'failed', reason: 'bad-encoding'}
}

function inBase64(step: SaslStep): SaslReply {
  if (step.kind !== 'challenge') return step
  return {kind: 'challenge', challenge: step.challenge.toString('base64'), answer: (line) => received(line, step.answer)}
}
