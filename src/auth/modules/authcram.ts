import {checkCramBySecrets} from '../cram/check-cram.js'
import {authuserdb} from './authuserdb.js'
import type {ModuleType} from './module.js'

/**
 * CRAM with the contexts of the compiled userdb, for accounts whose passwords are elsewhere: `authmodulelist="authpam authcram"`.
 *
 * Courier: was a module of that name until authuserdb did the same itself (`spec/auth.md` §23); here old lists go on to work.
 * It answers nothing else, so it never shows an account that the other modules do not have.
 */
export const authcram: ModuleType = {
  name: 'authcram',
  create(context) {
    const userdb = authuserdb.create(context)
    if (!userdb) return undefined
    return {
      name: 'authcram',
      check: async () => ({outcome: 'refused'}),
      find: async () => ({outcome: 'refused'}),
      checkChallenge: (request) => checkCramBySecrets(userdb, request),
      health: () => userdb.health(),
      close: () => userdb.close(),
    }
  },
}
