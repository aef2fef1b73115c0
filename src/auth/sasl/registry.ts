import type {Authenticator, ExchangeStart} from '../account.js'
import {login} from './login.js'
import type {SaslMechanism} from './mechanism.js'
import {plain} from './plain.js'

/** Mechanisms that end with a name and a password: the front plays them itself. */
const passwordMechanisms: ReadonlyMap<string, SaslMechanism> = new Map([
  ['PLAIN', plain],
  ['LOGIN', login],
])

/**
 * The mechanism of that name in any case. What is not played here is the auth role's, unknown ones too. Which are announced is
 * the server's configuration; any works (`spec/auth.md` §10).
 */
export function findMechanism(authenticator: Pick<Authenticator, 'begin'>, start: Omit<ExchangeStart, 'initial'>): SaslMechanism {
  const mechanism = start.mechanism.toUpperCase()
  return passwordMechanisms.get(mechanism) ?? {start: (initial) => authenticator.begin({...start, mechanism, initial})}
}
