import {IMAPD} from './imapd-options.js'
import {flag, ignored, type Option, optionTable, special, text, unlessZero, yes} from './option.js'
import {readPortList} from './port-list.js'

const start = {use: 'start'} as const
const later = {effect: 'later'} as const
const WEBADMIN = ignored('only webadmin reads it')

const {ADDRESS, MAXDAEMONS, TCPDOPTS, DEFDOMAIN, DOMAINSEP, PROXY_HOSTNAME, AUTH_MKHOMEDIR_SKEL, MAILDIRPATH} = IMAPD

function inBlock<T>(option: Option<T>, block: string | undefined, shipped: string | undefined): Option<T> {
  return {...option, block, shipped}
}

/** Words of a SASL line; upper case. */
function mechanisms(value: string | undefined): readonly string[] {
  return (value ?? '')
    .toUpperCase()
    .split(/\s+/)
    .filter((word) => word !== '')
}

/** Settings of the file `pop3d`, in its order (`spec/server-config-tls.md` §4.3). What `imapd` has too means the same here. */
export const POP3D = optionTable({
  PIDFILE: text('PIDFILE:0', '/run/courier/pop3d.pid', 'Process id of the server that "pop3d start" started', {
    ...start,
    fallback: undefined,
  }),
  MAXDAEMONS,
  MAXPERIP: inBlock(IMAPD.MAXPERIP, 'MAXPERIP:4', '4'),
  POP3AUTH: special('POP3AUTH:1', '', 'Ways to log in that CAPA announces without encryption', {type: 'words', read: mechanisms}),
  POP3AUTH_ORIG: text('POP3AUTH_ORIG:1', 'PLAIN LOGIN CRAM-MD5 CRAM-SHA1 CRAM-SHA256', 'For webadmin only', {
    ...WEBADMIN,
    fallback: undefined,
  }),
  POP3AUTH_TLS: special('POP3AUTH_TLS:1', '', 'The same under encryption; empty: as POP3AUTH', {type: 'words', read: mechanisms}),
  POP3AUTH_TLS_ORIG: text('POP3AUTH_TLS_ORIG:0', 'LOGIN PLAIN', 'For webadmin only', {...WEBADMIN, fallback: undefined}),
  POP3_PROXY: flag('POP3_PROXY:0', '0', 'Connects to the host of the account option mailhost', later),
  PROXY_HOSTNAME,
  PORT: special('PORT:1', '110', 'Ports: numbers or ADDRESS.PORT, separated by commas', {
    ...start,
    type: 'port list',
    read: (value) => readPortList(value ?? '110', undefined),
  }),
  ADDRESS: {...ADDRESS, text: 'Address that the POP3 port is opened on; 0 for all'},
  TCPDOPTS,
  LOGGEROPTS: inBlock(IMAPD.LOGGEROPTS, 'LOGGEROPTS:0', '-name=pop3d'),
  DEFDOMAIN,
  DOMAINSEP,
  POP3DSTART: yes('POP3DSTART:0', 'NO', 'POP3 is served when no service is named on the command line', {...start, ...later}),
  POP3_LOG_DELETIONS: unlessZero('POP3_LOG_DELETIONS:0', undefined, 'Logs each message that is deleted', later),
  AUTH_MKHOMEDIR_SKEL,
  MAILDIRPATH,
  MIME_UNICODE_MESSAGE_TYPE: text(
    'MIME_UNICODE_MESSAGE_TYPE:0',
    'message/global',
    'Type of the part that holds a message in UTF-8 for a client that cannot read it',
    {since: '5.0.7', fallback: 'message/global'},
  ),
})
