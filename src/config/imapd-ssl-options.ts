import {count, flag, ignored, optionTable, special, text, yes} from './option.js'
import {addressOf, readPortList} from './port-list.js'

const start = {use: 'start'} as const

const CACHE = ignored('session tickets are used instead of a file')

/** Lowest version of TLS. Older ones are never spoken, whatever the file says. */
export type TlsVersion = 'TLSv1.2' | 'TLSv1.3'

// Courier: anything that it does not know, `TLSv1.3` too, means TLS 1.0 (`spec/server-config-tls.md` §5.2).
function protocol(value: string | undefined): TlsVersion {
  return value?.startsWith('TLSv1.3') ? 'TLSv1.3' : 'TLSv1.2'
}

function verifyPeer(value: string | undefined): 'none' | 'peer' | 'require-peer' {
  if (/^n/i.test(value ?? '')) return 'none'
  return /^r/i.test(value ?? '') ? 'require-peer' : 'peer'
}

/** Settings of the file `imapd-ssl`, in its order (`spec/server-config-tls.md` §4.2). */
export const IMAPD_SSL = optionTable({
  SSLPORT: special('SSLPORT:1', '993', 'Ports of IMAP over TLS, as PORT', {
    ...start,
    type: 'port list',
    read: (value) => readPortList(value ?? '993', undefined),
  }),
  SSLADDRESS: special('SSLADDRESS:0', '0', 'Address that they are opened on; 0 for all', {
    ...start,
    type: 'address',
    read: (value) => addressOf(value ?? '0'),
  }),
  SSLPIDFILE: text('SSLPIDFILE:0', '/run/courier/imapd-ssl.pid', 'Process id of the server that "imapd-ssl start" started', {
    ...start,
    fallback: undefined,
  }),
  SSLLOGGEROPTS: text('SSLLOGGEROPTS:0', '-name=imapd-ssl', 'Options of courierlogger', {...start, fallback: ''}),
  IMAPDSSLSTART: yes('IMAPDSSLSTART:0', 'YES', 'IMAP over TLS is served when no service is named on the command line', start),
  IMAPDSTARTTLS: yes('IMAPDSTARTTLS:0', 'YES', 'STARTTLS on the plain port', start),
  IMAP_TLS_REQUIRED: flag('IMAP_TLS_REQUIRED:1', '0', 'No login without encryption'),
  COURIERTLS: text('COURIERTLS:0', '/usr/bin/couriertls', 'Without it Courier has no TLS; not needed here', {
    ...ignored('TLS is part of the server'),
    fallback: undefined,
  }),
  TLS_PRIORITY: text(
    'TLS_PRIORITY:0',
    undefined,
    'Priority string of GnuTLS: versions, ciphers, key exchange and groups where TLS_PROTOCOL and TLS_CIPHER_LIST say nothing; words that are not known are told and left out',
    {fallback: undefined},
  ),
  TLS_PROTOCOL: special('TLS_PROTOCOL:0', undefined, 'Lowest version: TLSv1.2 (also for everything older) or TLSv1.3', {
    type: 'TLS version',
    read: protocol,
  }),
  TLS_STARTTLS_PROTOCOL: special('TLS_STARTTLS_PROTOCOL:0', '$TLS_PROTOCOL', 'The same for STARTTLS', {
    ...start,
    type: 'TLS version',
    read: (value) => (value ? protocol(value) : undefined),
  }),
  TLS_CIPHER_LIST: text('TLS_CIPHER_LIST:0', undefined, 'Ciphers of TLS 1.2, as OpenSSL writes them', {fallback: undefined}),
  TLS_MIN_DH_BITS: count('TLS_MIN_DH_BITS:0', undefined, 'Parameters of TLS_DHPARAMS with a smaller prime are not used', {
    unit: 'bits',
    fallback: 2048,
  }),
  TLS_TIMEOUT: count('TLS_TIMEOUT:0', undefined, 'How long a session can be resumed', {unit: 'seconds', fallback: 7200}),
  TLS_CERTFILE: text('TLS_CERTFILE:0', '/etc/courier/imapd.pem', 'Certificate, its chain, and its key unless that has a file of its own', {
    fallback: undefined,
  }),
  TLS_PRIVATE_KEYFILE: text('TLS_PRIVATE_KEYFILE:0', undefined, 'Key of the certificate', {since: '5.0.1', fallback: undefined}),
  TLS_DHPARAMS: text('TLS_DHPARAMS:0', '/etc/courier/dhparams.pem', 'Diffie-Hellman parameters', {since: '4.15', fallback: undefined}),
  TLS_TRUSTCERTS: text(
    'TLS_TRUSTCERTS:0',
    '/etc/ssl/certs/ca-certificates.crt',
    'Authorities that client certificates are checked against',
    {
      fallback: undefined,
    },
  ),
  TLS_VERIFYPEER: special('TLS_VERIFYPEER:0', 'NONE', 'Client certificates: NONE, PEER (checked when there is one), REQUIREPEER', {
    type: 'NONE, PEER or REQUIREPEER',
    read: verifyPeer,
  }),
  TLS_EXTERNAL: text(
    'TLS_EXTERNAL:0',
    undefined,
    "Field of the client certificate's subject that is the login name (emailaddress, uid, cn, …): who has a certificate of TLS_TRUSTCERTS logs in without a password",
    {fallback: undefined},
  ),
  TLS_CACHEFILE: text('TLS_CACHE:1', '/var/lib/courier/couriersslimapcache', 'Session cache of couriertls; tickets are used here', {
    ...CACHE,
    fallback: undefined,
  }),
  TLS_CACHESIZE: count('TLS_CACHE:1', '524288', 'Its size', {...CACHE, unit: 'octets', fallback: 524_288}),
  TLS_ALPN: special('TLS_ALPN:0', 'imap', 'Protocol names that clients may ask for', {
    since: '5.1.0',
    type: 'words',
    read: (value) => (value ?? '').split(/[\s,]+/).filter((word) => word !== '' && !word.startsWith('@')),
  }),
})

const GNUTLS_LISTS = 'TLS_PRIORITY took its place (Courier removed it in 4.11)'

/** Settings of old files (`spec/server-config-tls.md` §4.5), and Courier's undocumented ones: why each does nothing here. */
export const IMAPD_SSL_TOLERATED: ReadonlyMap<string, string> = new Map([
  ['TLS_DHCERTFILE', 'TLS_DHPARAMS took its place (Courier removed it in 4.15): see mkdhparams'],
  ['TLS_PEERCERTDIR', 'TLS_TRUSTCERTS took its place (Courier removed it in 4.4)'],
  ['TLS_OURCACERT', 'TLS_TRUSTCERTS took its place (Courier removed it in 4.4)'],
  ['TLS_ALLOWSELFSIGNEDCERT', 'client certificates are checked against TLS_TRUSTCERTS only'],
  ['TLS_INTCACHESIZE', 'session tickets are used instead of a cache'],
  ['TLS_DEBUG', 'failed handshakes are always logged'],
  ['TLS_KX_LIST', GNUTLS_LISTS],
  ['TLS_COMPRESSION', GNUTLS_LISTS],
  ['TLS_CERTS', GNUTLS_LISTS],
])
