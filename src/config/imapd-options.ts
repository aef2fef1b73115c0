import {BadSyntax} from '../support/fault.js'
import {readNetworks} from './network-list.js'
import {atoi, count, flag, ignored, optionTable, special, text, unlessZero, yes} from './option.js'
import {addressOf, readPortList} from './port-list.js'
import {readTcpdOptions} from './tcpd-options.js'

const start = {use: 'start'} as const
const later = {effect: 'later'} as const

const WEBADMIN = ignored('only webadmin reads it')
const OUTBOX_ONLY = ignored('only OUTBOX uses it, which is not in this version')

/** Words between blanks. */
function words(value: string | undefined): readonly string[] {
  return (value ?? '').split(/\s+/).filter((word) => word !== '')
}

/** Where proxies usually are. */
const PRIVATE_NETWORKS = ['127.0.0.0/8', '::1', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7', 'fe80::/10']

function umask(value: string | undefined): number {
  if (!/^[0-7]{1,4}$/.test(value ?? '022')) throw new BadSyntax(`An octal number is expected, not "${value}"`)
  return Number.parseInt(value ?? '022', 8)
}

/** @throws {BadSyntax} */
function mailProcesses(value: string | undefined): number | undefined {
  if (value === undefined || value === '') return undefined
  const processes = atoi(value)
  if (processes < 1 || processes > 64) throw new BadSyntax(`A number from 1 to 64 is expected, not "${value}"`)
  return processes
}

interface HeapLimits {
  readonly front?: number
  readonly auth?: number
  readonly mail?: number
}

/** Less than this does not hold the program. */
const LEAST_HEAP_MIB = 64

/** @throws {BadSyntax} */
function heapLimits(value: string | undefined): HeapLimits {
  const pairs = words(value).map((word) => {
    const [, role, limit] = /^(front|auth|mail)=(\d{1,6})$/.exec(word) ?? []
    if (role === undefined || Number(limit) < LEAST_HEAP_MIB)
      throw new BadSyntax(`front=N, auth=N and mail=N are known, with ${LEAST_HEAP_MIB} or more, not "${word}"`)
    return [role, Number(limit)]
  })
  return Object.fromEntries(pairs)
}

// Courier: any other number than 0 and 2 is on; unset is off.
function keywordsMode(value: string | undefined): 0 | 1 | 2 {
  const number = atoi(value ?? '0')
  return number === 0 || number === 2 ? number : 1
}

/** Settings of the file `imapd`, in its order (`spec/server-config-tls.md` §4.1). */
export const IMAPD = optionTable({
  ADDRESS: special('ADDRESS:0', '0', 'Address that the IMAP port is opened on; 0 for all', {
    ...start,
    type: 'address',
    read: (value) => addressOf(value ?? '0'),
  }),
  PORT: special('PORT:1', '143', 'Ports: numbers or ADDRESS.PORT, separated by commas', {
    ...start,
    type: 'port list',
    read: (value) => readPortList(value ?? '143', undefined),
  }),
  MAXDAEMONS: count('MAXDAEMONS:0', '40', 'Connections at the same time', {...start, fallback: 40}),
  MAXPERIP: count('MAXPERIP:0', '20', 'Connections from one address at the same time', {...start, fallback: 4}),
  PIDFILE: text('PIDFILE:0', '/run/courier/imapd.pid', 'Process id of the server that "imapd start" started', {
    ...start,
    fallback: undefined,
  }),
  TCPDOPTS: special(
    'TCPDOPTS:1',
    '-nodnslookup',
    'Other options of the listener: -maxperc, -access, -accesslocal, -denymsg, -block, -allow, -drop, -haproxy',
    {...start, type: 'options of couriertcpd', read: (value) => readTcpdOptions(value ?? '')},
  ),
  PROXY_PROTOCOL_NETWORKS: special(
    'PROXY_PROTOCOL_NETWORKS:0',
    undefined,
    'Addresses and networks of the proxies on the ports of -haproxy; all others are refused there. Not set: loopback and private networks',
    {...start, type: 'networks', since: 'ours', read: (value) => readNetworks(value, PRIVATE_NETWORKS)},
  ),
  IMAPACCESSFILE: text('ACCESSFILE:0', '/etc/courier/imapaccess', 'Rules by client address, compiled by makeimapaccess', {
    ...start,
    since: '4.16.1',
    fallback: undefined,
  }),
  LOGGEROPTS: text('LOGGEROPTS:0', '-name=imapd', 'Options of courierlogger', {...start, fallback: ''}),
  DEFDOMAIN: text('DEFDOMAIN:0', undefined, 'Added to a login name without a domain', {fallback: undefined}),
  DOMAINSEP: text(undefined, undefined, 'Characters that show that a login name has a domain', {fallback: undefined}),
  IMAP_CAPABILITY: text(
    'IMAP_CAPABILITY:1',
    'IMAP4rev1 UIDPLUS CHILDREN NAMESPACE THREAD=ORDEREDSUBJECT THREAD=REFERENCES SORT QUOTA IDLE',
    'Capabilities that are announced; as shipped: all that are implemented',
    {fallback: ''},
  ),
  IMAP_CAPABILITY_EXTRA: special('IMAP_CAPABILITY_EXTRA:0', undefined, 'Words to add to the announced capabilities', {
    type: 'words',
    since: 'ours',
    read: words,
  }),
  METRICS_ADDRESS: special('METRICS_ADDRESS:0', undefined, 'Where Prometheus finds the metrics: PORT of this host, or ADDRESS.PORT', {
    ...start,
    type: 'port list',
    since: 'ours',
    read: (value) => (value === undefined || value === '' ? [] : readPortList(value, '127.0.0.1')),
  }),
  IMAP_CAPABILITY_HIDE: special('IMAP_CAPABILITY_HIDE:0', undefined, 'Words to leave out of the announced capabilities', {
    type: 'words',
    since: 'ours',
    read: words,
  }),
  IMAP_KEYWORDS: special(
    'KEYWORDS_CAPABILITY:0',
    '1',
    "Keywords, flags with names of the client's choice: 0 off, 1 on, 2 on and read again before each change",
    {
      type: '0, 1 or 2',
      read: keywordsMode,
    },
  ),
  IMAP_ACL: flag('ACL_CAPABILITY:0', '1', 'Access control lists', later),
  SMAP_CAPABILITY: text('SMAP1_CAPABILITY:0', undefined, 'SMAP1 switches the SMAP protocol on', {...later, fallback: undefined}),
  IMAP_CAPABILITY_ORIG: text(
    'IMAP_CAPABILITY_ORIG:2',
    'IMAP4rev1 UIDPLUS CHILDREN NAMESPACE THREAD=ORDEREDSUBJECT THREAD=REFERENCES SORT QUOTA AUTH=CRAM-MD5 AUTH=CRAM-SHA1 AUTH=CRAM-SHA256 IDLE',
    'For webadmin only',
    {...WEBADMIN, fallback: undefined},
  ),
  IMAP_PROXY: flag('IMAP_PROXY:0', '0', 'Connects to the host of the account option mailhost', later),
  PROXY_HOSTNAME: text('PROXY_HOSTNAME:0', undefined, 'One more own name, which is not connected to', {
    ...start,
    ...later,
    fallback: undefined,
  }),
  IMAP_PROXY_FOREIGN: flag('IMAP_PROXY_FOREIGN:0', '0', 'The host behind the proxy is not Courier', later),
  IMAP_IDLE_TIMEOUT: count('IMAP_IDLE_TIMEOUT:0', '60', 'How often IDLE looks at a folder that cannot be watched', {
    unit: 'seconds',
    fallback: 60,
  }),
  IMAP_MAILBOX_SANITY_CHECK: flag('IMAP_MAILBOX_SANITY_CHECK:0', '1', 'Owner and group of a Maildir must be those of the account', {
    fallback: true,
  }),
  IMAP_CAPABILITY_TLS: text('IMAP_CAPABILITY_TLS:0', '$IMAP_CAPABILITY AUTH=PLAIN', 'The same under encryption', {fallback: ''}),
  IMAP_CAPABILITY_TLS_ORIG: text('IMAP_TLS_ORIG:0', '$IMAP_CAPABILITY_ORIG AUTH=PLAIN', 'For webadmin only', {
    ...WEBADMIN,
    fallback: undefined,
  }),
  IMAP_DISABLETHREADSORT: flag('IMAP_DISABLETHREADSORT:0', '0', 'Refuses SORT and THREAD'),
  IMAP_CHECK_ALL_FOLDERS: flag('IMAP_CHECK_ALL_FOLDERS:0', '0', 'LIST tells of new mail in every folder, not only in INBOX'),
  IMAP_OBSOLETE_CLIENT: flag('IMAP_OBSOLETE_CLIENT:0', '0', 'LIST says \\NoInferiors where \\HasNoChildren is meant'),
  IMAP_UMASK: special('IMAP_UMASK:0', '022', 'Mode bits that new files do not get', {...start, type: 'octal number', read: umask}),
  // `ulimit -v` would kill a JavaScript runtime at its start (`spec/server-config-tls.md` §3.2).
  IMAP_ULIMITD: text('IMAP_ULIMITD:0', '65536', 'Memory limit of a Courier process; not applied', {
    ...start,
    ...ignored('a limit of the address space would end the JavaScript runtime at its start; one process serves all sessions'),
    unit: 'KiB',
    fallback: undefined,
  }),
  IMAP_USELOCKS: special('IMAP_USELOCKS:0', '1', 'Locks a folder while it is scanned or changed', {
    type: '0 or 1',
    read: (value) => value === undefined || value.startsWith('1'),
  }),
  IMAP_SHAREDINDEXFILE: text('IMAP_SHAREDINDEXFILE:0', '/etc/courier/shared/index', 'Index of the accounts whose folders are shared', {
    ...later,
    fallback: undefined,
  }),
  IMAP_TRASHFOLDERNAME: text('IMAP_TRASHFOLDERNAME:0', 'Trash', 'Name of the trash folder', {fallback: 'Trash'}),
  IMAP_EMPTYTRASH: text('IMAP_EMPTYTRASH:0', 'Trash:7', 'Folders and days after which messages in them are removed', {
    ...later,
    fallback: undefined,
  }),
  IMAP_MOVE_EXPUNGE_TO_TRASH: flag('IMAP_MOVE_EXPUNGE_TO_TRASH:0', '0', 'Expunged messages go to the trash folder', later),
  IMAP_LOG_DELETIONS: unlessZero('IMAP_LOG_DELETIONS:0', undefined, 'Logs each expunged message', later),
  AUTH_MKHOMEDIR_SKEL: text('AUTH_MKHOMEDIR_SKEL:0', undefined, 'Copied as home directory at the first login', {
    ...later,
    fallback: undefined,
  }),
  IMAPDEBUGFILE: text('IMAPDEBUGFILE:0', undefined, 'Protocol trace, a file name within the Maildir', {...later, fallback: undefined}),
  OUTBOX: text('OUTBOX:0', undefined, 'Messages that are put into this folder are sent', {...later, fallback: undefined}),
  SENDMAIL: text('SENDMAIL:0', '/usr/sbin/sendmail', 'Program that OUTBOX sends with', {...OUTBOX_ONLY, fallback: undefined}),
  HEADERFROM: text('HEADERFROM:0', 'X-IMAP-Sender', 'Header with the account, added by OUTBOX', {...OUTBOX_ONLY, fallback: undefined}),
  IMAP_ID_FIELDS: special('ID_FIELDS:0', undefined, 'Switches ID on; sum of 1 version, 2 system, 4 release of the system', {
    type: 'number',
    read: (value) => (value === undefined ? undefined : atoi(value)),
  }),
  OUTBOX_MULTIPLE_SEND: flag('OUTBOX_MULTIPLE_SEND:0', undefined, 'OUTBOX takes several messages at once', OUTBOX_ONLY),
  IMAPDSTART: yes('IMAPDSTART:0', 'YES', 'IMAP is served when no service is named on the command line', start),
  MAILDIRPATH: text('MAILDIRPATH:0', 'Maildir', 'Maildir in the home directory of accounts that have none of their own', {
    ...start,
    fallback: 'Maildir',
  }),
  MAILUSER: text('MAILUSER:0', 'courier', 'Who the processes before the login run as when the server is started as root', {
    ...start,
    since: 'ours',
    fallback: 'courier',
  }),
  MAIL_PROCESSES: special(
    'MAIL_PROCESSES:0',
    undefined,
    'Processes that share the accounts of one user id; half of the processors, 4 at most, when it is not set',
    {...start, type: 'number', since: 'ours', read: mailProcesses},
  ),
  HEAP_LIMITS: special('HEAP_LIMITS:0', undefined, 'Limits of the memory for objects of each process: of front, auth and mail', {
    ...start,
    type: 'words',
    unit: 'MiB',
    since: 'ours',
    read: heapLimits,
  }),
})

/** Names that Courier's start scripts define, or that the C library and the shell read: passed on without a word. */
export const ENVIRONMENT_NAMES: ReadonlySet<string> = new Set([
  'TZ',
  'LANG',
  'LC_ALL',
  'PATH',
  'prefix',
  'exec_prefix',
  'bindir',
  'sbindir',
  'libexecdir',
])

/** Settings of old files, and those that Courier reads without having them in its files: why each does nothing here. */
export const IMAPD_TOLERATED: ReadonlyMap<string, string> = new Map([
  ['IMAP_ENHANCEDIDLE', 'changes are always told at once (Courier removed it in 5.1)'],
  ['AUTHMODULES', 'account sources are in authmodulelist in authdaemonrc (Courier moved them there in 4.0)'],
  ['AUTHMODULES_ORIG', 'only webadmin read it (Courier removed it in 4.0)'],
  ['DEBUG_LOGIN', 'it is read from authdaemonrc (Courier moved it there in 4.0)'],
  ['IMAP_BROKENUIDV', 'DELETE and RENAME never wait'],
  ['IMAP_SHAREDMUNGENAMES', 'shared folders are not in this version'],
  ['HOSTNAME', 'names of new messages hold the name of the host that the system tells'],
  ['MAILDIR_SKIP_SYMLINK_CHECKS', 'links are never followed when a message is opened'],
])
