import {cpSync, existsSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import * as assert from 'uvu/assert'
import {AUTHDAEMONRC} from '../../src/config/authdaemonrc-options.js'
import {readCapability} from '../../src/config/capability.js'
import {IMAPD} from '../../src/config/imapd-options.js'
import {IMAPD_SSL} from '../../src/config/imapd-ssl-options.js'
import {problemText} from '../../src/config/problem.js'
import {type Configuration, readAuthConfiguration, readConfiguration} from '../../src/config/read-configuration.js'
import {suite} from '../support/suite.js'

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
