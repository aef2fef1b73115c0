import {cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import * as assert from 'uvu/assert'
import {AUTHDAEMONRC} from '../../src/config/authdaemonrc-options.js'
import {readCapability} from '../../src/config/capability.js'
import {IMAPD} from '../../src/config/imapd-options.js'
import {IMAPD_SSL} from '../../src/config/imapd-ssl-options.js'
import type {Option} from '../../src/config/option.js'
import {POP3D} from '../../src/config/pop3d-options.js'
import {POP3D_SSL} from '../../src/config/pop3d-ssl-options.js'
import {problemText} from '../../src/config/problem.js'
import {readAuthConfiguration} from '../../src/config/read-auth-configuration.js'
import {type Configuration, readConfiguration, readPop3Configuration} from '../../src/config/read-configuration.js'
import {suite} from '../support/suite.js'
import {temporaryDirectory} from '../support/temporary-directory.js'

const config = suite('Configuration')

/** Reads a directory with these files. `problems` have no directory in them. */
async function read(files: Record<string, string>): Promise<Configuration & {lines: string[]}> {
  const directory = mkdtempSync(join(tmpdir(), 'courier-config-'))
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text)
    const result = await readConfiguration(directory)
    return {...result, lines: result.problems.map((problem) => problemText(problem).replaceAll(`${directory}/`, ''))}
  } finally {
    rmSync(directory, {recursive: true})
  }
}

config.when(existsSync('/etc/courier/imapd-ssl'), 'courier-imap is not installed')("Debian's stock files load without a word", async () => {
  const {problems, imap, imaps} = await readConfiguration('/etc/courier')
  assert.equal(problems, [])
  assert.equal(imap.get(IMAPD.PORT), [{address: undefined, port: 143}])
  assert.equal(imaps.get(IMAPD_SSL.SSLPORT), [{address: undefined, port: 993}])
  assert.is(imap.get(IMAPD.MAXPERIP), 20)
  assert.is(imap.get(IMAPD_SSL.IMAPDSTARTTLS), true)
  assert.is(imap.get(IMAPD_SSL.TLS_CERTFILE), '/etc/courier/imapd.pem')
  assert.is(imap.get(IMAPD_SSL.TLS_VERIFYPEER), 'none')
  assert.equal(readCapability(imap), {plain: undefined, tls: undefined, mechanisms: [], mechanismsTls: ['PLAIN']})
})

config.when(existsSync('/etc/courier/authdaemonrc'), 'courier-authlib is not installed')(
  "Debian's authdaemonrc loads without a word",
  async () => {
    // It is readable by root and courier only.
    const directory = mkdtempSync(join(tmpdir(), 'courier-config-'))
    try {
      cpSync('/etc/courier/authdaemonrc', join(directory, 'authdaemonrc'))
      const {problems, settings} = await readAuthConfiguration(directory)
      assert.equal(problems, [])
      assert.equal(settings.get(AUTHDAEMONRC.authmodulelist), ['authpam'])
      assert.is(settings.get(AUTHDAEMONRC.daemons), 5)
    } catch (error) {
      if (!String(error).includes('EACCES')) throw error
    } finally {
      rmSync(directory, {recursive: true})
    }
  },
)

config.when(existsSync('/etc/courier/pop3d-ssl'), 'courier-pop is not installed')(
  "Debian's stock POP3 files are read: what they switch on comes later",
  async () => {
    const found = await readPop3Configuration('/etc/courier')
    assert.equal(
      found?.problems.map(({severity, file, text}) => [severity, file, text]),
      [
        ['warning', '/etc/courier/pop3d', 'POP3DSTART has no effect in this version'],
        ['warning', '/etc/courier/pop3d-ssl', 'POP3DSSLSTART has no effect in this version'],
      ],
    )
    assert.equal(found?.pop3.get(POP3D.PORT), [{address: undefined, port: 110}])
    assert.equal(found?.pop3s.get(POP3D_SSL.SSLPORT), [{address: undefined, port: 995}])
    assert.is(found?.pop3.get(POP3D.MAXPERIP), 4)
    assert.is(found?.pop3.get(POP3D_SSL.TLS_CERTFILE), '/etc/courier/pop3d.pem')
    assert.is(found?.pop3.get(POP3D_SSL.POP3_STARTTLS), true)
  },
)

/** Reads the POP3 files of a directory with these. */
async function readPop3(files: Record<string, string>) {
  using directory = temporaryDirectory()
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory.path, name), text)
  const found = await readPop3Configuration(directory.path)
  return found && {...found, lines: found.problems.map((problem) => problemText(problem).replaceAll(`${directory.path}/`, ''))}
}

config('POP3: a directory without its files has no POP3, and without pop3d-ssl there is no TLS', async () => {
  assert.is(await readPop3({imapd: ''}), undefined)
  assert.equal((await readPop3({pop3d: ''}))?.lines, ['pop3d-ssl: The file does not exist: there is no TLS'])
  assert.equal((await readPop3({'pop3d-ssl': ''}))?.lines, ['pop3d: The file does not exist: POP3 is not configured'])
})

config('POP3: each port has its own values, and all problems are told at once', async () => {
  const found = await readPop3({
    pop3d: 'MAXPERIP=7\nPOP3AUTH="login cram-md5"\nMAILDIRPATH=Mail1\nPORT=pop\nIMAP_ACL=1\n',
    'pop3d-ssl': 'MAXPERIP=9\nPOP3_TLS_REQUIRED=1\nMAILDIRPATH=Mail2\nSSLADDRESS=x\n',
  })
  assert.is(found?.pop3.get(POP3D.MAXPERIP), 7)
  assert.is(found?.pop3s.get(POP3D.MAXPERIP), 9)
  assert.is(found?.pop3.get(POP3D.MAILDIRPATH), 'Mail1')
  assert.is(found?.pop3s.get(POP3D.MAILDIRPATH), 'Mail2')
  assert.equal(found?.pop3.get(POP3D.POP3AUTH), ['LOGIN', 'CRAM-MD5'])
  assert.is(found?.pop3.get(POP3D_SSL.POP3_TLS_REQUIRED), true)
  assert.equal(found?.lines.sort(), [
    'pop3d-ssl:4: SSLADDRESS: Invalid IP address: x',
    'pop3d:4: PORT: Invalid port: pop',
    'pop3d:5: The setting "IMAP_ACL" is not known',
  ])
})

config('what does nothing here is noted with the reason, when it differs from what is shipped', async () => {
  const {lines, notes} = await read({
    imapd: 'IMAP_ULIMITD=131072\nIMAP_ENHANCEDIDLE=0\nSENDMAIL=/usr/sbin/sendmail\nTZ=UTC\n',
    'imapd-ssl': 'TLS_DHCERTFILE=/etc/dh.pem\nTLS_CACHESIZE=1024\n',
  })
  assert.equal(lines, [])
  assert.equal(
    notes.map(({severity, line, text}) => `${severity} ${line} ${text.split(',')[0]}`),
    [
      'note 1 IMAP_ULIMITD has no effect here',
      'note 2 TLS_CACHESIZE has no effect here',
      'note 2 IMAP_ENHANCEDIDLE has no effect here',
      'note 1 TLS_DHCERTFILE has no effect here',
    ],
  )
  for (const {text} of notes) assert.match(text, /, because \S/)
})

config('every setting without an effect says why', () => {
  for (const table of [IMAPD, IMAPD_SSL, POP3D, POP3D_SSL, AUTHDAEMONRC]) {
    for (const option of Object.values(table) as Option<unknown>[])
      assert.is(option.effect === 'ignored', option.because !== undefined, option.name)
  }
})

config('each port has its own values (server-config-tls example 30)', async () => {
  const {imap, imaps} = await read({imapd: 'MAILDIRPATH=Maildir\nMAXPERIP=7\n', 'imapd-ssl': 'MAILDIRPATH=Mail2\nMAXPERIP=9\n'})
  assert.is(imap.get(IMAPD.MAILDIRPATH), 'Maildir')
  assert.is(imaps.get(IMAPD.MAILDIRPATH), 'Mail2')
  assert.is(imap.get(IMAPD.MAXPERIP), 7)
  assert.is(imaps.get(IMAPD.MAXPERIP), 9)
})

config('switches are read as Courier reads them (examples 31, 34)', async () => {
  const one = await read({imapd: 'IMAP_MAILBOX_SANITY_CHECK=NO\nIMAP_KEYWORDS=YES\n', 'imapd-ssl': 'IMAPDSTARTTLS=1\n'})
  assert.is(one.imap.get(IMAPD_SSL.IMAPDSTARTTLS), false)
  assert.is(one.imap.get(IMAPD.IMAP_MAILBOX_SANITY_CHECK), false)
  assert.is(one.imap.get(IMAPD.IMAP_KEYWORDS), 0)
  const other = await read({imapd: 'IMAP_KEYWORDS=2\n', 'imapd-ssl': 'IMAPDSTARTTLS=yes\n'})
  assert.is(other.imap.get(IMAPD_SSL.IMAPDSTARTTLS), true)
  assert.is(other.imap.get(IMAPD.IMAP_KEYWORDS), 2)
  assert.is(other.imap.get(IMAPD.IMAP_MAILBOX_SANITY_CHECK), true)
})

config('all problems are told at once, with file and line', async () => {
  const {lines} = await read({
    imapd: 'PORT=143\nMAXDAEMONS=0\nPORTT=1\nADDRESS=example.com\nIMAP_PROXY=1\n',
    'imapd-ssl': 'SSLPORT="99999"\nTLS_PROTOCOL=$(x)\nIMAP_UMASK=9\n',
  })
  assert.equal(lines.sort(), [
    'imapd-ssl:1: SSLPORT: Invalid port: 99999',
    'imapd-ssl:2: Command substitution with $(…) is not supported',
    'imapd-ssl:3: IMAP_UMASK: An octal number is expected, not "9"',
    'imapd:2: MAXDAEMONS: A number above 0 is expected, not "0"',
    'imapd:3: The setting "PORTT" is not known',
    'imapd:4: ADDRESS: Invalid IP address: example.com',
    'imapd:5: IMAP_PROXY has no effect in this version',
  ])
})

config('missing and unreadable files', async () => {
  const {lines, problems} = await read({'imapd-ssl': ''})
  assert.equal(lines, ['imapd: The file does not exist'])
  assert.is(problems[0]?.severity, 'error')
  const without = await read({imapd: ''})
  assert.equal(without.lines, ['imapd-ssl: The file does not exist: there is no TLS'])
  assert.is(without.problems[0]?.severity, 'warning')
  const auth = await readAuthConfiguration('/nowhere')
  assert.equal(auth.settings.get(AUTHDAEMONRC.authmodulelist), ['authuserdb'])
})

config('files that cannot be read: a directory in their place, binary rubbish, too much', async () => {
  using directory = temporaryDirectory()
  mkdirSync(join(directory.path, 'imapd'))
  writeFileSync(join(directory.path, 'imapd-ssl'), Buffer.alloc(2_000_000, 'A=1\n'))
  mkdirSync(join(directory.path, 'authdaemonrc'))
  writeFileSync(join(directory.path, 'pop3d'), 'A=1\n\0\x01\x02')
  const {problems} = await readConfiguration(directory.path)
  const pop3 = await readPop3Configuration(directory.path)
  const auth = await readAuthConfiguration(directory.path)
  const lines = [...problems, ...(pop3?.problems ?? []), ...auth.problems].map((problem) =>
    problemText(problem).replaceAll(`${directory.path}/`, ''),
  )
  assert.equal(lines, [
    'imapd: A directory stands where a file is expected',
    'imapd-ssl: The file is larger than 1048576 octets',
    'pop3d-ssl: The file does not exist: there is no TLS',
    'pop3d:2: A NUL byte is in the file',
    'authdaemonrc: A directory stands where a file is expected',
  ])
})

/** `spec/server-config-tls.md` §1.2. */
for (const [list, endpoints] of [
  ['143', [{address: '0.0.0.1', port: 143}]],
  [
    'imap,imaps',
    [
      {address: '0.0.0.1', port: 143},
      {address: '0.0.0.1', port: 993},
    ],
  ],
  ['127.0.0.1.900', [{address: '127.0.0.1', port: 900}]],
  [
    '::1.143,,22x',
    [
      {address: '::1', port: 143},
      {address: '0.0.0.1', port: 22},
    ],
  ],
  ['0.144', [{address: '0.0.0.1', port: 144}]],
  [
    '10.1.143,010.0x7f.1.993',
    [
      {address: '10.0.0.1', port: 143},
      {address: '8.127.0.1', port: 993},
    ],
  ],
  ['256.1.143', 'Invalid IP address: 256.1'],
  ['1.256.1.1.143', 'Invalid IP address: 1.256.1.1'],
  ['', 'No port is given'],
  ['0', 'Invalid port: 0'],
  ['65536', 'Invalid port: 65536'],
  ['example.com.143', 'Invalid IP address: example.com'],
] as const) {
  config(`PORT="${list}"`, async () => {
    const {readPortList} = await import('../../src/config/port-list.js')
    try {
      assert.equal(readPortList(list, '0.0.0.1'), endpoints)
    } catch (error) {
      assert.is((error as Error).message, endpoints)
    }
  })
}

const STOCK = 'IMAP4rev1 UIDPLUS CHILDREN NAMESPACE THREAD=ORDEREDSUBJECT THREAD=REFERENCES SORT QUOTA IDLE'
for (const [title, text, expected] of [
  ['as shipped', `IMAP_CAPABILITY="${STOCK}"\nIMAP_CAPABILITY_TLS="$IMAP_CAPABILITY AUTH=PLAIN"\n`, {plain: undefined, tls: undefined}],
  ['not set', '', {plain: undefined, tls: undefined}],
  ['with CRAM, as the comment in the file says', `IMAP_CAPABILITY="${STOCK} AUTH=CRAM-MD5"\n`, {plain: undefined, tls: undefined}],
  ['of an old version', `IMAP_CAPABILITY="${STOCK.replace(' UIDPLUS', '').replace(' IDLE', '')}"\n`, {plain: undefined, tls: undefined}],
  [
    "the admin's own (example 37)",
    'IMAP_CAPABILITY="IMAP4rev1 IDLE"\nIMAP_CAPABILITY_TLS="$IMAP_CAPABILITY AUTH=PLAIN"\n',
    {plain: 'IMAP4rev1 IDLE', tls: 'IMAP4rev1 IDLE AUTH=PLAIN'},
  ],
  ['own in clear, as shipped under TLS', `IMAP_CAPABILITY=IMAP4rev1\nIMAP_CAPABILITY_TLS="${STOCK}"\n`, {plain: 'IMAP4rev1', tls: STOCK}],
  [
    'as shipped in clear, own under TLS',
    `IMAP_CAPABILITY="${STOCK}"\nIMAP_CAPABILITY_TLS="IMAP4rev1"\n`,
    {plain: undefined, tls: 'IMAP4rev1'},
  ],
  ['own, nothing under TLS', 'IMAP_CAPABILITY="IMAP4rev1 X-Own"\n', {plain: 'IMAP4rev1 X-Own', tls: 'IMAP4rev1 X-Own'}],
] as const) {
  config(`IMAP_CAPABILITY ${title}`, async () => {
    const {imap} = await read({imapd: text, 'imapd-ssl': ''})
    const {plain, tls} = readCapability(imap)
    assert.equal({plain, tls}, expected)
  })
}

config('AUTH= words in IMAP_CAPABILITY switch mechanisms on', async () => {
  const {imap} = await read({
    imapd:
      'IMAP_CAPABILITY="IMAP4rev1 UIDPLUS CHILDREN NAMESPACE THREAD=ORDEREDSUBJECT THREAD=REFERENCES SORT QUOTA AUTH=CRAM-MD5 auth=scram-sha-256 IDLE"',
    'imapd-ssl': 'IMAP_CAPABILITY_TLS="$IMAP_CAPABILITY AUTH=PLAIN"',
  })
  const {plain, tls, mechanisms, mechanismsTls} = readCapability(imap)
  assert.equal([plain, tls], [undefined, undefined])
  assert.equal(mechanisms, ['CRAM-MD5', 'SCRAM-SHA-256'])
  assert.equal(mechanismsTls, ['CRAM-MD5', 'SCRAM-SHA-256', 'PLAIN'])
})

config.run()
