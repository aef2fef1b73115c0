import {type SaslReply, startSasl} from '../../auth/sasl/exchange.js'
import type {SaslFailure, SaslMechanism} from '../../auth/sasl/mechanism.js'
import {Hangup} from '../../support/fault.js'
import {TIMES} from '../../wire/limits.js'
import type {Attempt, LoginDesk} from '../login.js'
import {bad, no, type Outcome} from '../replies/tagged.js'
import type {Session} from '../session.js'
import {defineVerb} from '../verb.js'

/** Longest name of a mechanism (RFC 4422 §3.1). */
const MAX_METHOD_OCTETS = 20

interface Conversation {
  readonly end: Exclude<SaslReply, {kind: 'challenge'}>
  /** When the client's last line came: what was found out since then is told at a fixed time after it. */
  readonly beganMs: number
}

/** Sends challenges until the exchange has a result. */
async function converse(
  {session, login}: {readonly session: Session; readonly login: LoginDesk},
  mechanism: SaslMechanism,
  initial: Buffer | undefined,
): Promise<Conversation> {
  let beganMs = login.begin()
  let reply = await startSasl(mechanism, initial)
  while (reply.kind === 'challenge') {
    session.out.line(`+ ${reply.challenge}`)
    await session.out.flush()
    const line = await session.readLine({withinMs: TIMES.commandMs})
    if (!line) throw new Hangup('closed')
    beganMs = login.begin()
    reply = await reply.answer(line)
  }
  return {end: reply, beganMs}
}

async function failed(reason: SaslFailure, login: LoginDesk, {attempt, beganMs}: {attempt: Attempt; beganMs: number}): Promise<Outcome> {
  if (reason === 'bad-message' || reason === 'refused') return login.refuse(attempt, beganMs)
  login.logFailure(attempt)
  if (reason === 'needs-encryption') return no('This mechanism needs an encrypted connection', 'PRIVACYREQUIRED')
  // Courier: says NO after 5 s; RFC 3501 §6.2.2 wants BAD for a cancelled exchange and for what is not base64.
  return bad(reason === 'cancelled' ? 'AUTHENTICATE cancelled.' : 'Login failed.')
}

/** AUTHENTICATE with an optional initial response (RFC 3501 §6.2.2, RFC 4959 §3). */
export const authenticate = defineVerb({
  name: 'AUTHENTICATE',
  state: 'not-authenticated',
  secret: true,
  capability: ['SASL-IR'],
  read(line) {
    const method = line.space().word('a SASL mechanism')
    const initial = line.more() ? Buffer.from(line.atom('an initial response'), 'latin1') : undefined
    line.end()
    return {method, initial}
  },
  async run({session, login}, {method, initial}): Promise<Outcome> {
    if (login.tlsMissing) return no('STARTTLS required', 'PRIVACYREQUIRED')
    const attempt = {method: method.slice(0, MAX_METHOD_OCTETS)}
    if (method.length > MAX_METHOD_OCTETS) return login.refuse(attempt)
    const {end, beganMs} = await converse({session, login}, login.mechanism(method), initial)
    if (end.kind === 'credentials') return login.check(end.credentials, attempt)
    return end.kind === 'checked' ? login.conclude(end.result, attempt, beganMs) : failed(end.reason, login, {attempt, beganMs})
  },
})
