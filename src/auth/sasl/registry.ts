import {login} from './login.js'
import type {SaslMechanism} from './mechanism.js'
import {plain} from './plain.js'

/** All mechanisms, the strongest first (`spec/auth.md` §10). Which are announced is the server's configuration; any listed one works. */
export const saslMechanisms: readonly SaslMechanism[] = [plain, login]

/** The mechanism of that name in any case, or undefined. */
export function findMechanism(name: string): SaslMechanism | undefined {
  const wanted = name.toUpperCase()
  return saslMechanisms.find((mechanism) => mechanism.name === wanted)
}
