import {credentialsOf} from '../credentials.js'
import type {SaslMechanism, SaslStep} from './mechanism.js'

/** LOGIN: asks for the name, then for the password (`spec/auth.md` §10); an initial response is the name. */
export const login: SaslMechanism = {
  start: (initial) =>
    initial === undefined ? {kind: 'challenge', challenge: Buffer.from('Username:'), answer: askPassword} : askPassword(initial),
}

function askPassword(user: Buffer): SaslStep {
  return {
    kind: 'challenge',
    challenge: Buffer.from('Password:'),
    answer(password) {
      const credentials = credentialsOf(user, password)
      return credentials ? {kind: 'credentials', credentials} : {kind: 'failed', reason: 'refused'}
    },
  }
}
