/** What a demo prints: how to look at it with real programs, to be copied and pasted. */
export interface DemoTextOptions {
  readonly folder: string
  readonly certificate: string
  /** Name and password. */
  readonly accounts: readonly (readonly [name: string, password: string])[]
  readonly host: string
  /** Ports that are open. */
  readonly imap: number | undefined
  readonly imaps: number | undefined
  /** Name of the user that serves, when it is another one than the one who started it. */
  readonly servesAs: string | undefined
}

/** In single quotes for a shell. */
function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}

function curl({certificate, host, imap, imaps}: DemoTextOptions, login: string): string[] {
  const start = `curl --cacert ${quoted(certificate)} -u ${quoted(login)}`
  const plain = imap === undefined ? [] : [['STARTTLS', `${start} --ssl-reqd`, `imap://${host}:${imap}`] as const]
  const secure = imaps === undefined ? [] : [['IMAPS', start, `imaps://${host}:${imaps}`] as const]
  return [...plain, ...secure].flatMap(([title, command, url]) => [
    `curl over ${title}: list the folders, then fetch a message`,
    `  ${command} '${url}/'`,
    `  ${command} '${url}/INBOX;MAILINDEX=1'`,
    '',
  ])
}

function mutt({certificate, host, imap, imaps}: DemoTextOptions, [name, password]: readonly [string, string]): string[] {
  const url = imaps === undefined ? `imap://${host}:${imap}` : `imaps://${host}:${imaps}`
  const at = url.replace('://', `://${encodeURIComponent(name)}@`)
  const settings = [
    `certificate_file="${certificate}"`,
    `imap_pass="${password}"`,
    'ssl_force_tls=yes',
    'folder="$spoolfile"',
    `spoolfile="${at}/"`,
  ]
  return ['mutt', `  mutt -n -F /dev/null -e ${quoted(`set ${settings.reverse().join(' ')}`)} -f ${quoted(`${at}/INBOX`)}`, '']
}

function mbsync({certificate, host, imap, imaps}: DemoTextOptions, [name, password]: readonly [string, string]): string[] {
  const lines = [
    'IMAPAccount demo',
    `Host ${host}`,
    `Port ${imaps ?? imap}`,
    `User ${name}`,
    `Pass ${password}`,
    `SSLType ${imaps === undefined ? 'STARTTLS' : 'IMAPS'}`,
    `CertificateFile "${certificate}"`,
    '',
    'IMAPStore far',
    'Account demo',
    '',
    'MaildirStore near',
    'Path ~/demo-copy/',
    'Inbox ~/demo-copy/INBOX',
    'SubFolders Verbatim',
    '',
    'Channel demo',
    'Far :far:',
    'Near :near:',
    'Patterns *',
    'Create Near',
    'SyncState *',
  ]
  return [
    `mbsync: save this as ~/demo.mbsyncrc and run  mkdir -p ~/demo-copy && mbsync -c ~/demo.mbsyncrc demo`,
    ...lines.map((line) => (line ? `  ${line}` : '')),
    '',
  ]
}

function thunderbird({host, imap, imaps}: DemoTextOptions, [name]: readonly [string, string]): string[] {
  const ports = [
    ...(imaps === undefined ? [] : [`port ${imaps} with SSL/TLS`]),
    ...(imap === undefined ? [] : [`port ${imap} with STARTTLS`]),
  ]
  return [
    'Thunderbird: new account, "Configure manually"',
    `  Incoming: IMAP, host ${host}, ${ports.join(' or ')}, authentication "Normal password", user name ${name}`,
    '  Accept the certificate when it asks. There is no outgoing server: choose any, the demo cannot send.',
    '',
  ]
}

/** The lines to print, without line ends. */
export function demoText(options: DemoTextOptions): string[] {
  const {accounts, folder, host, imap, imaps, servesAs} = options
  const first = accounts[0] ?? ['', '']
  const ports = [
    ...(imap === undefined ? [] : [`IMAP with STARTTLS on ${host}:${imap}`]),
    ...(imaps === undefined ? [] : [`IMAP over TLS on ${host}:${imaps}`]),
  ]
  return [
    '',
    `Courier for Node serves a demo: ${ports.join(', ')}`,
    `Folder: ${folder}${servesAs ? ` (served as user ${servesAs}: a mail server does not run as root)` : ''}`,
    '',
    'Accounts',
    ...accounts.map(([name, password]) => `  ${name}  password ${password}`),
    '',
    ...curl(options, first.join(':')),
    ...mutt(options, first),
    ...mbsync(options, first),
    ...thunderbird(options, first),
    'Ctrl-C ends the server. The folder stays; remove it to begin anew.',
    '',
  ]
}
