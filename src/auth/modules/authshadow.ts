import {Fault} from '../../support/fault.js'
import {verifyPassword} from '../hash/password-verifier.js'
import type {ShadowEntry} from '../system/name-service.js'
import {SystemProcesses} from '../system/system-processes.js'
import type {ModuleType} from './module.js'
import {systemModule} from './system-module.js'

const LIMIT_MS = 10_000
const DAY_MS = 86_400_000

/** System accounts with their hashes in shadow(5) (`spec/auth.md` §17). */
export const authshadow: ModuleType = {
  name: 'authshadow',
  create: ({crypt}) =>
    systemModule({
      name: 'authshadow',
      processes: new SystemProcesses({limit: 1, timeoutMs: LIMIT_MS}),
      wantsShadow: true,
      hashOf({shadow, shadowProblem}) {
        if (shadowProblem !== undefined) throw new Fault('unavailable', shadowProblem)
        if (!shadow || isExpired(shadow, Math.floor(Date.now() / DAY_MS))) return 'refused'
        return {hash: shadow.passwordHash}
      },
      async verify({password, remote}, hash) {
        return hash !== undefined && (await verifyPassword(crypt, {stored: hash, password, remote})) ? 'accepted' : 'refused'
      },
    }),
}

/** Whether the account or its password has expired. `today`: days since 1970. */
export function isExpired({lastChange, maxDays, expires}: ShadowEntry, today: number): boolean {
  return (expires > 0 && today > expires) || (lastChange !== -1 && maxDays !== -1 && lastChange + maxDays < today)
}
