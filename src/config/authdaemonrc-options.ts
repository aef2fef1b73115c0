import {BadSyntax} from '../support/fault.js'
import {atoi, flag, optionTable, special, text} from './option.js'

/** @throws {BadSyntax} */
function absolutePath(value: string | undefined): string | undefined {
  if (value && !value.startsWith('/')) throw new BadSyntax(`A path that begins with "/" is expected, not "${value}"`)
  return value || undefined
}

const ignored = {effect: 'ignored'} as const

/** Settings of the file `authdaemonrc` (`spec/auth.md` §11.2). */
export const AUTHDAEMONRC = optionTable({
  authmodulelist: special('authmodulelist:2', 'authuserdb', 'Account sources, tried in this order', {
    type: 'words',
    read: (value) => (value ?? '').split(/\s+/).filter((word) => word !== ''),
  }),
  authmodulelistorig: text('authmodulelistorig:3', 'authuserdb', 'For webadmin only', {...ignored, fallback: undefined}),
  daemons: special('daemons:0', '5', 'Password checks at the same time', {
    type: 'number',
    read: (value) => Math.max(1, atoi(value ?? '5')),
  }),
  authdaemonvar: text('authdaemonvar:2', '/run/courier/authdaemon', 'Directory of the socket for other programs', {fallback: undefined}),
  AUTHDAEMON_LISTEN: special(
    'AUTHDAEMON_LISTEN:0',
    'YES',
    'YES: courier serve answers other programs (maildrop, Postfix, Exim) on that socket, unless an authdaemond does already',
    {type: 'YES or NO', since: 'ours', read: (value) => !/^[nN0]/.test(value ?? '')},
  ),
  AUTHDAEMON_SOCKET: special(
    'AUTHDAEMON_SOCKET:0',
    undefined,
    'Socket of an authdaemond that is asked instead of the account sources above; the source "authdaemon" in authmodulelist asks it as one of several',
    {type: 'path', since: 'ours', read: absolutePath},
  ),
  DEBUG_LOGIN: special('DEBUG_LOGIN:0', '0', '1 logs how logins are checked; 2 is the same here, passwords are never logged', {
    type: '0, 1 or 2',
    read: (value) => atoi(value ?? '0'),
  }),
  DEFAULTOPTIONS: text('DEFAULTOPTIONS:0', '', 'Options that every account has unless it says otherwise', {fallback: ''}),
  LOGGEROPTS: text('LOGGEROPTS:0', '', 'Options of courierlogger', {...ignored, fallback: ''}),
  LDAP_MEMORY_LEAK: flag(undefined, undefined, 'Obsolete', ignored),
})

/** Environment of the LDAP library. */
export function isAuthdaemonrcTolerated(name: string): boolean {
  return /^LDAPTLS_|^(TZ|LANG|LC_ALL|PATH)$/.test(name)
}
