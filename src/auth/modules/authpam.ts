import {SystemProcesses} from '../system/system-processes.js'
import type {ModuleType} from './module.js'
import {systemModule} from './system-module.js'

/** Modules of PAM may ask servers of their own. */
const LIMIT_MS = 30_000
/** Names that are files in `/etc/pam.d` and nowhere else. */
const SERVICE = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/

/** System accounts whose passwords PAM checks, in as many processes as `daemons` (`spec/auth.md` §17). */
export const authpam: ModuleType = {
  name: 'authpam',
  create({daemons}) {
    const processes = new SystemProcesses({limit: daemons, timeoutMs: LIMIT_MS})
    return systemModule({
      name: 'authpam',
      processes,
      wantsShadow: true,
      hashOf: ({account, shadow}) => ({hash: shadow?.passwordHash ?? account.passwordHash}),
      async verify({service, user, password, remote}) {
        if (!SERVICE.test(service)) return 'refused'
        const result = await processes.ask({kind: 'pam', service, user, password: password.reveal(), remote}, remote)
        if (result.accepted) return 'accepted'
        return result.isTemporary ? {outcome: 'unavailable', reason: result.reason, asksOthers: true} : 'refused'
      },
    })
  },
}
