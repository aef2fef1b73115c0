import {verifyPassword} from '../hash/password-verifier.js'
import {SystemProcesses} from '../system/system-processes.js'
import type {ModuleType} from './module.js'
import {systemModule} from './system-module.js'

const LIMIT_MS = 10_000

/** System accounts with their hashes in passwd(5) (`spec/auth.md` §17). */
export const authpwd: ModuleType = {
  name: 'authpwd',
  create: ({crypt}) =>
    systemModule({
      name: 'authpwd',
      processes: new SystemProcesses({limit: 1, timeoutMs: LIMIT_MS}),
      wantsShadow: false,
      hashOf: ({account}) => ({hash: account.passwordHash}),
      async verify({password, remote}, hash) {
        return hash !== undefined && (await verifyPassword(crypt, {stored: hash, password, remote})) ? 'accepted' : 'refused'
      },
    }),
}
