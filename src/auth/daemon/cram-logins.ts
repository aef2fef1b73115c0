import {checkCram} from '../cram/check-cram.js'
import {cramMethods} from '../cram/cram.js'
import type {ModuleChain} from '../module-chain.js'
import type {Authenticate} from './answer.js'
import {twoLines} from './parse-request.js'

/** CRAM through the daemon: a challenge, which its client made, and the response to it, in base64, each on a line (`spec/auth.md` §12.2). */
export function cramLogins(modules: Pick<ModuleChain, 'ask'>): ReadonlyMap<string, Authenticate> {
  return new Map(
    cramMethods.map(({method}): [string, Authenticate] => [
      method,
      async ({service, data, remote}) => {
        const [challenge, response] = twoLines(data.reveal()) ?? []
        if (challenge === undefined || response === undefined) return {outcome: 'refused'}
        // The domain is appended by the client's library, not here.
        return checkCram(modules, {service, method, challenge, response, remote}, {complete: (user) => user})
      },
    ]),
  )
}
