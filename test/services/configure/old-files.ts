/**
 * Configuration files as versions of Courier-IMAP shipped them, as far as names, versions of blocks and defaults go
 * (`spec/server-config-tls.md` §4, §7.5, §9), with changes of an administrator.
 */
import {compareVersions} from '../../../src/services/configure/old-version.js'

export interface OldBlockShape {
  /** `NAME:version`. */
  readonly label: string
  /** As the administrator left it; a text that begins with `#` is a setting that is off. */
  readonly text: string
  /** First version that has it. */
  readonly since?: string
  /** First version that has not. */
  readonly until?: string
}

type FileShape = readonly OldBlockShape[]

const certs = '/usr/lib/courier-imap/share'

const IMAPD: FileShape = [
  {label: 'ADDRESS:0', text: 'ADDRESS=127.0.0.1'},
  {label: 'PORT:1', text: 'PORT=143'},
  {label: 'AUTHSERVICE:0', text: '# AUTHSERVICE143=imap', since: '4.0.0'},
  {label: 'MAXDAEMONS:0', text: 'MAXDAEMONS=80'},
  {label: 'MAXPERIP:0', text: 'MAXPERIP=10'},
  {label: 'PIDFILE:0', text: 'PIDFILE=/var/run/imapd.pid'},
  {label: 'TCPDOPTS:0', text: 'TCPDOPTS="-nodnslookup -noidentlookup"'},
  {label: 'ACCESSFILE:0', text: 'IMAPACCESSFILE=/usr/lib/courier-imap/etc/imapaccess', since: '4.16.1'},
  {label: 'AUTHMODULES:0', text: 'AUTHMODULES="authdaemon"', until: '4.0.0'},
  {label: 'AUTHMODULES_ORIG:1', text: 'AUTHMODULES_ORIG="authdaemon"', until: '4.0.0'},
  {label: 'LOGGEROPTS:0', text: 'LOGGEROPTS="-name=imapd"', since: '4.0.4'},
  {label: 'DEFDOMAIN:0', text: 'DEFDOMAIN="@example.com"', since: '4.0.4'},
  {
    label: 'IMAP_CAPABILITY:0',
    text: 'IMAP_CAPABILITY="IMAP4rev1 CHILDREN NAMESPACE THREAD=ORDEREDSUBJECT THREAD=REFERENCES SORT QUOTA AUTH=CRAM-MD5"',
    until: '2.0.0',
  },
  {
    label: 'IMAP_CAPABILITY:1',
    text: 'IMAP_CAPABILITY="IMAP4rev1 UIDPLUS CHILDREN NAMESPACE THREAD=ORDEREDSUBJECT THREAD=REFERENCES SORT QUOTA AUTH=CRAM-MD5 IDLE"',
    since: '2.0.0',
  },
  {label: 'KEYWORDS_CAPABILITY:0', text: 'IMAP_KEYWORDS=1', since: '2.0.0'},
  {label: 'ACL_CAPABILITY:0', text: 'IMAP_ACL=1', since: '4.1.0'},
  {label: 'SMAP1_CAPABILITY:0', text: '# SMAP_CAPABILITY=SMAP1', since: '2.0.0'},
  {label: 'IMAP_PROXY:0', text: 'IMAP_PROXY=0', since: '4.0.0'},
  {label: 'IMAP_IDLE_TIMEOUT:0', text: 'IMAP_IDLE_TIMEOUT=30'},
  {label: 'IMAP_MAILBOX_SANITY_CHECK:0', text: 'IMAP_MAILBOX_SANITY_CHECK=0', since: '4.3.1'},
  {label: 'IMAP_CAPABILITY_TLS:0', text: 'IMAP_CAPABILITY_TLS="$IMAP_CAPABILITY AUTH=PLAIN"'},
  {label: 'IMAP_DISABLETHREADSORT:0', text: 'IMAP_DISABLETHREADSORT=0'},
  {label: 'IMAP_CHECK_ALL_FOLDERS:0', text: 'IMAP_CHECK_ALL_FOLDERS=1'},
  {label: 'IMAP_UMASK:0', text: 'IMAP_UMASK=077', since: '2.0.0'},
  {label: 'IMAP_ULIMITD:0', text: 'IMAP_ULIMITD=65536'},
  {label: 'IMAP_USELOCKS:0', text: 'IMAP_USELOCKS=1', since: '1.3.0'},
  {label: 'IMAP_ENHANCEDIDLE:0', text: 'IMAP_ENHANCEDIDLE=1', since: '1.3.0', until: '5.1.0'},
  {label: 'IMAP_TRASHFOLDERNAME:0', text: 'IMAP_TRASHFOLDERNAME=Papierkorb'},
  {label: 'IMAP_EMPTYTRASH:0', text: 'IMAP_EMPTYTRASH=Trash:7'},
  {label: 'IMAP_LOG_DELETIONS:0', text: '# IMAP_LOG_DELETIONS=1', since: '4.10.0'},
  {label: 'AUTH_MKHOMEDIR_SKEL:0', text: '# AUTH_MKHOMEDIR_SKEL=/etc/skel', since: '4.16.2'},
  {label: 'ID_FIELDS:0', text: '# IMAP_ID_FIELDS=0', since: '4.14.0'},
  {label: 'IMAPDSTART:0', text: 'IMAPDSTART=YES'},
  {label: 'MAILDIRPATH:0', text: 'MAILDIRPATH=Mail/Maildir'},
]

function ssl(service: 'imapd' | 'pop3d'): FileShape {
  const [upper, port, cache] = service === 'imapd' ? (['IMAPD', '993', 'imap'] as const) : (['POP3D', '995', 'pop3'] as const)
  return [
    {label: service === 'imapd' ? 'SSLPORT:1' : 'SSLPORT:0', text: `SSLPORT=${port}`},
    {label: 'SSLADDRESS:0', text: 'SSLADDRESS=0'},
    {label: 'SSLPIDFILE:0', text: `SSLPIDFILE=/var/run/${service}-ssl.pid`},
    {label: 'SSLLOGGEROPTS:0', text: `SSLLOGGEROPTS="-name=${service}-ssl"`, since: '4.0.4'},
    {label: `${upper}SSLSTART:0`, text: `${upper}SSLSTART=YES`},
    {
      label: service === 'imapd' ? 'IMAPDSTARTTLS:0' : 'POP3_STARTTLS:0',
      text: service === 'imapd' ? 'IMAPDSTARTTLS=YES' : 'POP3_STARTTLS=YES',
    },
    {
      label: service === 'imapd' ? 'IMAP_TLS_REQUIRED:1' : 'POP3_TLS_REQUIRED:1',
      text: service === 'imapd' ? 'IMAP_TLS_REQUIRED=1' : 'POP3_TLS_REQUIRED=0',
      since: '1.7.0',
    },
    {label: 'COURIERTLS:0', text: 'COURIERTLS=/usr/lib/courier-imap/bin/couriertls'},
    {label: 'TLS_PRIORITY:0', text: '# TLS_PRIORITY="NORMAL"', since: '4.11.0'},
    {label: 'TLS_KX_LIST:0', text: 'TLS_KX_LIST=ALL', since: '4.3.0', until: '4.11.0'},
    {label: 'TLS_PROTOCOL:0', text: 'TLS_PROTOCOL=SSL23'},
    {label: 'TLS_STARTTLS_PROTOCOL:0', text: 'TLS_STARTTLS_PROTOCOL=TLS1', since: '1.7.0'},
    {label: 'TLS_CIPHER_LIST:0', text: 'TLS_CIPHER_LIST="HIGH:!aNULL"', since: '1.7.0'},
    {label: 'TLS_DHCERTFILE:0', text: 'TLS_DHCERTFILE=@DH@', until: '4.15.0'},
    {label: 'TLS_CERTFILE:0', text: `TLS_CERTFILE=@CERT@/${service}.pem`},
    {label: 'TLS_PRIVATE_KEYFILE:0', text: '# TLS_PRIVATE_KEYFILE=', since: '5.0.1'},
    {label: 'TLS_DHPARAMS:0', text: `TLS_DHPARAMS=${certs}/dhparams.pem`, since: '4.15.0'},
    {label: 'TLS_PEERCERTDIR:0', text: 'TLS_PEERCERTDIR=/etc/mail/authorities', until: '4.4.0'},
    {label: 'TLS_TRUSTCERTS:0', text: 'TLS_TRUSTCERTS=/etc/mail/authorities', since: '4.4.0'},
    {label: 'TLS_VERIFYPEER:0', text: 'TLS_VERIFYPEER=NONE'},
    {label: 'TLS_EXTERNAL:0', text: '# TLS_EXTERNAL=emailaddress', since: '4.4.0'},
    {label: 'TLS_CACHE:0', text: `TLS_CACHEFILE=/var/couriersslcache\nTLS_CACHESIZE=524288`, since: '1.7.0', until: '5.0.0'},
    {label: 'TLS_CACHE:1', text: `TLS_CACHEFILE=/var/couriersslcache-${cache}\nTLS_CACHESIZE=524288`, since: '5.0.0'},
    {label: 'MAILDIRPATH:0', text: 'MAILDIRPATH=Maildir'},
  ]
}

const POP3D: FileShape = [
  {label: 'PIDFILE:0', text: 'PIDFILE=/var/run/pop3d.pid'},
  {label: 'MAXDAEMONS:0', text: 'MAXDAEMONS=60'},
  {label: 'MAXPERIP:4', text: 'MAXPERIP=8'},
  {label: 'AUTHMODULES:0', text: 'AUTHMODULES="authdaemon"', until: '4.0.0'},
  {label: 'POP3AUTH:1', text: 'POP3AUTH="LOGIN CRAM-MD5"'},
  {label: 'PORT:1', text: 'PORT=110,1110'},
  {label: 'TCPDOPTS:0', text: `TCPDOPTS="-nodnslookup -noidentlookup -block=z.example,BLOCK,'Go away'"`},
  {label: 'POP3DSTART:0', text: 'POP3DSTART=YES'},
  {label: 'MAILDIRPATH:0', text: 'MAILDIRPATH=Maildir'},
  {label: 'MIME_UNICODE_MESSAGE_TYPE:0', text: 'MIME_UNICODE_MESSAGE_TYPE="message/global"', since: '5.0.7'},
]

const AUTHDAEMONRC: FileShape = [
  {label: 'authmodulelist:0', text: 'authmodulelist="authcram authuserdb authpam"', until: '4.0.0'},
  {label: 'authmodulelist:2', text: 'authmodulelist="authuserdb authpam"', since: '4.0.0'},
  {label: 'authmodulelistorig:1', text: 'authmodulelistorig="authuserdb authpam"'},
  {label: 'daemons:0', text: 'daemons=7'},
  {label: 'version:0', text: 'version="authdaemond.plain"', until: '4.0.0'},
  {label: 'authdaemonvar:0', text: 'authdaemonvar=/var/authdaemon', until: '4.0.0'},
  {label: 'authdaemonvar:2', text: 'authdaemonvar=/var/authdaemon', since: '4.0.0'},
  {label: 'DEFAULTOPTIONS:0', text: 'DEFAULTOPTIONS="wbnodsn=1"', since: '4.0.0'},
]

function render(name: string, {shape, version}: {readonly shape: FileShape; readonly version: string}): string {
  const blocks = shape.filter(({since = '0', until = '99'}) => compareVersions(version, since) >= 0 && compareVersions(version, until) < 0)
  if (compareVersions(version, '1.3.0') < 0) return `# ${name}\n\n${blocks.map(({text}) => `# about it\n${text}\n`).join('\n')}`
  const header = `##VERSION: $Id: ${name}.dist.in,v ${version} mrsam Exp $\n#\n# Settings\n\n`
  return (
    header +
    blocks
      .map(({label, text}) =>
        text.startsWith('#') ? `##NAME: ${label}\n#\n${text}\n\n` : `##NAME: ${label}\n#\n# about it\n\n${text}\n\n`,
      )
      .join('')
  )
}

export interface OldFilesOptions {
  /** Directory of the certificates. */
  readonly certificates: string
  /** Of TLS_DHCERTFILE. */
  readonly dh: string
}

/** The files of a version by their names. */
export function oldFiles(version: string, {certificates, dh}: OldFilesOptions): Record<string, string> {
  const suffix = compareVersions(version, '1.3.0') < 0 ? '.config' : ''
  const texts: Record<string, string> = {
    [`imapd${suffix}`]: render('imapd', {shape: IMAPD, version}),
    [`imapd-ssl${suffix}`]: render('imapd-ssl', {shape: ssl('imapd'), version}),
    [`pop3d${suffix}`]: render('pop3d', {shape: POP3D, version}),
    [`pop3d-ssl${suffix}`]: render('pop3d-ssl', {shape: ssl('pop3d'), version}),
    authdaemonrc: render('authdaemonrc', {shape: AUTHDAEMONRC, version: suffix === '' ? version : '1.3.0'}),
  }
  return Object.fromEntries(
    Object.entries(texts).map(([name, text]) => [name, text.replaceAll('@CERT@', certificates).replaceAll('@DH@', dh)]),
  )
}
