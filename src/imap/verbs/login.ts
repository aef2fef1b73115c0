import {credentialsOf} from '../../auth/credentials.js'
import {no} from '../replies/tagged.js'
import {defineVerb} from '../verb.js'

/** LOGIN (RFC 3501 §6.2.3). */
export const login = defineVerb({
  name: 'LOGIN',
  state: 'not-authenticated',
  secret: true,
  read(line) {
    const user = Buffer.from(line.space().astring('a user name'), 'latin1')
    const password = Buffer.from(line.space().astring('a password'), 'latin1')
    line.end()
    return {user, credentials: credentialsOf(user, password)}
  },
  run({login}, {user, credentials}) {
    if (login.tlsMissing) return no('STARTTLS required', 'PRIVACYREQUIRED')
    const attempt = {user: user.toString('utf8')}
    return credentials ? login.check(credentials, attempt) : login.refuse(attempt)
  },
})
