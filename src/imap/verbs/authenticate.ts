import {type SaslReply, startSasl} from '../../auth/sasl/exchange.js'
import {findMechanism} from '../../auth/sasl/registry.js'
import {Hangup} from '../../support/fault.js'
import {TIMES} from '../../wire/limits.js'
import {bad, no, type Outcome} from '../replies/tagged.js'
import type {Session} from '../session.js'
import {defineVerb} from '../verb.js'

/** Longest name of a mechanism (RFC 4422 §3.1). */
const MAX_METHOD_OCTETS = 20

/** Sends challenges until the exchange has a result. */
async function converse(session: Session, first: SaslReply): Promise<Exclude<SaslReply, {kind: 'challenge'}>> {
  let reply = first
  while (reply.kind === 'challenge') {
    session.out.line(`+ ${reply.challenge}`)
    await session.out.flush()
    const line = await session.readLine({withinMs: TIMES.commandMs})
    if (!line) throw new Hangup('closed')
    reply = reply.answer(line)
  }
  return reply
}

/** AUTHENTICATE with an optional initial response (RFC 3501 §6.2.2, RFC 4959 §3). */
export const authenticate = defineVerb({
  name: 'AUTHENTICATE',
  state: 'not-authenticated',
  secret: true,
  capability: ['SASL-IR', 'AUTH=PLAIN', 'AUTH=LOGIN'],
  read(line) {
    const method = line.space().word('a SASL mechanism')
    const initial = line.more() ? Buffer.from(line.atom('an initial response'), 'latin1') : undefined
    line.end()
    return {method: method.slice(0, MAX_METHOD_OCTETS), mechanism: findMechanism(method), initial}
  },
  async run({session, login}, {method, mechanism, initial}): Promise<Outcome> {
    if (login.tlsMissing) return no('STARTTLS required', 'PRIVACYREQUIRED')
    const attempt = {method}
    if (!mechanism) return login.refuse(attempt)
    const result = await converse(session, startSasl(mechanism, initial))
    if (result.kind === 'credentials') return login.check(result.credentials, attempt)
    if (result.reason === 'bad-message' || result.reason === 'refused') return login.refuse(attempt)
    login.logFailure(attempt)
    // Courier: says NO after 5 s; RFC 3501 §6.2.2 wants BAD for a cancelled exchange and for what is not base64.
    return bad(result.reason === 'cancelled' ? 'AUTHENTICATE cancelled.' : 'Login failed.')
  },
})
