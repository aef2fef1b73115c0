import {credentialsOf} from '../credentials.js'
import type {SaslMechanism, SaslStep} from './mechanism.js'

/** PLAIN: `authzid NUL user NUL password` in one message (RFC 4616). */
export const plain: SaslMechanism = {
  start: (initial) => (initial === undefined ? {kind: 'challenge', challenge: Buffer.alloc(0), answer: read} : read(initial)),
}

function read(message: Buffer): SaslStep {
  const first = message.indexOf(0)
  const second = first < 0 ? -1 : message.indexOf(0, first + 1)
  if (second < 0 || message.indexOf(0, second + 1) >= 0) return {kind: 'failed', reason: 'bad-message'}
  // Courier: the authorization identity is ignored, whatever it is; the session is always the one of the user (RFC 4616 §2).
  const credentials = credentialsOf(message.subarray(first + 1, second), message.subarray(second + 1))
  return credentials ? {kind: 'credentials', credentials} : {kind: 'failed', reason: 'refused'}
}
