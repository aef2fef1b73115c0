import {BadSyntax} from '../support/fault.js'
import {readNetworks} from './network-list.js'
import {atoi, flag, ignored, type OptionDeclaration, optionTable, special, text} from './option.js'

/** @throws {BadSyntax} */
function absolutePath(value: string | undefined): string | undefined {
  if (value && !value.startsWith('/')) throw new BadSyntax(`A path that begins with "/" is expected, not "${value}"`)
  return value || undefined
}

/** A login has 60 s, so an answer after that would never come. @throws {BadSyntax} */
function failureSeconds(value: string | undefined): number {
  const seconds = atoi(value || '2')
  if (seconds < 1 || seconds > 30) throw new BadSyntax(`A number from 1 to 30 is expected, not "${value}"`)
  return seconds
}

/** A number from 0 on. */
function number(
  block: string,
  shipped: string,
  {about, most, unit}: {readonly about: string; readonly most: number; readonly unit?: string},
): OptionDeclaration<number> {
  const read = (value: string | undefined) => {
    if (!/^\d{1,7}$/.test(value || shipped) || Number(value) > most)
      throw new BadSyntax(`A number from 0 to ${most} is expected, not "${value}"`)
    return Number(value || shipped)
  }
  return special(block, shipped, about, {type: 'number', since: 'ours', read, ...(unit === undefined ? {} : {unit})})
}

interface RehashWords {
  readonly kind: 'sha512' | 'yescrypt' | undefined
  readonly scram: boolean
}

/** @throws {BadSyntax} */
function rehashWords(value: string | undefined): RehashWords {
  const words = (value ?? '')
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '')
  const unknown = words.find((word) => !['sha512', 'yescrypt', 'scram-sha-256'].includes(word))
  if (unknown !== undefined) throw new BadSyntax(`"sha512", "yescrypt" and "scram-sha-256" are known, not "${unknown}"`)
  const kind = words.includes('yescrypt') ? 'yescrypt' : words.includes('sha512') ? 'sha512' : undefined
  return {kind, scram: words.includes('scram-sha-256')}
}

/** Settings of the file `authdaemonrc` (`spec/auth.md` §11.2). */
export const AUTHDAEMONRC = optionTable({
  authmodulelist: special('authmodulelist:2', 'authuserdb', 'Account sources, tried in this order', {
    type: 'words',
    read: (value) => (value ?? '').split(/\s+/).filter((word) => word !== ''),
  }),
  authmodulelistorig: text('authmodulelistorig:3', 'authuserdb', 'For webadmin only', {
    ...ignored('only webadmin reads it'),
    fallback: undefined,
  }),
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
  AUTHCUSTOM_MODULE: special(
    'AUTHCUSTOM_MODULE:0',
    undefined,
    'JavaScript module of the account source "authcustom"; it and its folders may be written by root only',
    {type: 'path', since: 'ours', read: absolutePath},
  ),
  DEBUG_LOGIN: special('DEBUG_LOGIN:0', '0', '1 logs how logins are checked; 2 is the same here, passwords are never logged', {
    type: '0, 1 or 2',
    read: (value) => atoi(value ?? '0'),
  }),
  DEFAULTOPTIONS: text('DEFAULTOPTIONS:0', '', 'Options that every account has unless it says otherwise', {fallback: ''}),
  FAILED_LOGIN_SECONDS: special('FAILED_LOGIN_SECONDS:0', '2', 'A failed login is answered this long after its command; Courier waits 5', {
    type: 'number',
    unit: 'seconds',
    since: 'ours',
    read: failureSeconds,
  }),
  LOGIN_DELAY_AFTER: number('LOGIN_DELAY_AFTER:0', '10', {
    about: 'Failed logins of one address, or to one account, after which the next ones wait; they fade within an hour. 0: none waits',
    most: 100_000,
  }),
  LOGIN_DELAY_MAX: number('LOGIN_DELAY_MAX:0', '15', {about: 'The longest of these waits', most: 50, unit: 'seconds'}),
  BAN_AFTER: number('BAN_AFTER:0', '100', {
    about: 'Failed logins of one address (a /64 of IPv6) after which it may not connect for BAN_MINUTES. 0: never',
    most: 1_000_000,
  }),
  BAN_MINUTES: number('BAN_MINUTES:0', '30', {about: 'How long that lasts', most: 525_600, unit: 'minutes'}),
  BAN_EXEMPT_NETWORKS: special(
    'BAN_EXEMPT_NETWORKS:0',
    undefined,
    'Addresses and networks that do not wait and are not banned for their failed logins, such as a webmail server. Not set: loopback',
    {type: 'networks', since: 'ours', read: (value) => readNetworks(value, ['127.0.0.0/8', '::1'])},
  ),
  REHASH: special(
    'REHASH:0',
    '',
    'What logins bring up to date: sha512 or yescrypt replaces weaker hashes of userdb and SQL, scram-sha-256 adds its secret in userdb',
    {
      type: 'words',
      since: 'ours',
      read: rehashWords,
    },
  ),
  OAUTH_KEYS: text('OAUTH_KEYS:0', undefined, 'File with the public keys of signed tokens: a JSON Web Key Set, or PEM', {
    since: 'ours',
    fallback: undefined,
  }),
  OAUTH_INTROSPECTION_URL: text('OAUTH_INTROSPECTION_URL:0', undefined, 'Where to ask what a token is worth (RFC 7662)', {
    since: 'ours',
    fallback: undefined,
  }),
  OAUTH_CLIENT_ID: text('OAUTH_CLIENT_ID:0', undefined, 'Name of this server there', {since: 'ours', fallback: undefined}),
  OAUTH_CLIENT_SECRETFILE: text('OAUTH_CLIENT_SECRETFILE:0', undefined, 'File with its password there, one line', {
    since: 'ours',
    fallback: undefined,
  }),
  OAUTH_TRUSTCERTS: text(
    'OAUTH_TRUSTCERTS:0',
    undefined,
    'Authorities that its certificate is checked against, if not the well-known ones',
    {
      since: 'ours',
      fallback: undefined,
    },
  ),
  OAUTH_ISSUER: text('OAUTH_ISSUER:0', undefined, 'Who must have issued a token (iss)', {since: 'ours', fallback: undefined}),
  OAUTH_AUDIENCE: text('OAUTH_AUDIENCE:0', undefined, 'Whom a token must be meant for (aud); OAUTH_KEYS needs it', {
    since: 'ours',
    fallback: undefined,
  }),
  OAUTH_SCOPE: text('OAUTH_SCOPE:0', undefined, 'Words that the scope of a token must hold', {since: 'ours', fallback: undefined}),
  OAUTH_USER_CLAIM: special('OAUTH_USER_CLAIM:0', undefined, 'Claim of a token that is the login name; email when it is not set', {
    type: 'text',
    since: 'ours',
    read: (value) => value || 'email',
  }),
  OAUTH_DISCOVERY: text('OAUTH_DISCOVERY:0', undefined, 'OpenID configuration that clients without a token are told of', {
    since: 'ours',
    fallback: undefined,
  }),
  LOGGEROPTS: text('LOGGEROPTS:0', '', 'Options of courierlogger; -facility=NAME counts for "authdaemond start"', {fallback: ''}),
  LDAP_MEMORY_LEAK: flag(undefined, undefined, 'Obsolete', ignored('our LDAP client does not leak')),
})

/** Environment of the LDAP library. */
export function isAuthdaemonrcTolerated(name: string): boolean {
  return /^LDAPTLS_|^(TZ|LANG|LC_ALL|PATH)$/.test(name)
}
