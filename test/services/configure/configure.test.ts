import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import {join, resolve} from 'node:path'
import * as assert from 'uvu/assert'
import {AUTHDAEMONRC} from '../../../src/config/authdaemonrc-options.js'
import {readCapability} from '../../../src/config/capability.js'
import {IMAPD} from '../../../src/config/imapd-options.js'
import {IMAPD_SSL} from '../../../src/config/imapd-ssl-options.js'
import {POP3D} from '../../../src/config/pop3d-options.js'
import {hasErrors, problemText} from '../../../src/config/problem.js'
import {readAuthConfiguration} from '../../../src/config/read-auth-configuration.js'
import {readConfiguration, readPop3Configuration} from '../../../src/config/read-configuration.js'
import {type ConfigureResult, runConfigure} from '../../../src/services/configure/run-configure.js'
import {UPGRADE_STEPS} from '../../../src/services/configure/steps.js'
import {ffdhePrime} from '../../../src/tls/dh-groups.js'
import {dhParametersPem} from '../../../src/tls/dh-parameters.js'
import {suite} from '../../support/suite.js'
import {temporaryDirectory} from '../../support/temporary-directory.js'
import {oldFiles} from './old-files.js'

const configure = suite('courier configure')

interface Host extends Disposable {
  readonly etc: string
  readonly auth: string
  /** Runs it. */
  run(options?: {
    dryRun?: boolean
    undo?: boolean
    force?: boolean
    /** The answer on a terminal. */
    makes?: boolean
  }): Promise<ConfigureResult & {output: string}>
  text(name: string): string
  /** All files with rights and texts. */
  snapshot(): Record<string, string>
}

/** A directory of the servers and one of the authentication. */
function host({sameDirectory = true} = {}): Host {
  const directory = temporaryDirectory()
  const etc = join(directory.path, 'etc')
  const auth = sameDirectory ? etc : join(directory.path, 'auth')
  for (const path of new Set([etc, auth])) mkdirSync(path)
  return {
    etc,
    auth,
    async run({dryRun = false, undo = false, force = false, makes} = {}) {
      const output: string[] = []
      const result = await runConfigure({
        config: etc,
        auth,
        dryRun,
        undo,
        force,
        templates: resolve('templates'),
        env: {},
        print: (line) => output.push(line),
        confirm: makes === undefined ? undefined : async () => makes,
      })
      return {...result, output: output.join('\n')}
    },
    text: (name) => readFileSync(join(etc, name), 'latin1'),
    snapshot() {
      const names = readdirSync(directory.path, {recursive: true, encoding: 'utf8'}).sort()
      const files = names.filter((name) => lstatSync(join(directory.path, name)).isFile())
      return Object.fromEntries(
        files.map((name) => {
          const path = join(directory.path, name)
          const {mode, uid, gid} = statSync(path)
          return [name, `${(mode & 0o777).toString(8)} ${uid}:${gid} ${readFileSync(path, 'latin1')}`]
        }),
      )
    },
    [Symbol.dispose]: () => directory[Symbol.dispose](),
  }
}

function write(directory: string, files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text)
}

/** Outcome of a block in the report of a file. */
function outcome({reports}: ConfigureResult, file: string, block: string): string | undefined {
  return reports.find(({path}) => path.endsWith(`/${file}`))?.blocks.find(({name}) => name === block)?.outcome
}

const told = ({notices}: ConfigureResult, pattern: RegExp) => notices.some((line) => pattern.test(line))

configure('a new installation: every file from its template, and the result loads without a word', async () => {
  using it = host()
  const result = await it.run()
  assert.equal(
    readdirSync(it.etc)
      .filter((name) => !name.startsWith('.'))
      .sort(),
    [
      'authdaemonrc',
      'authdaemonrc.dist',
      'imapd',
      'imapd-ssl',
      'imapd-ssl.dist',
      'imapd.cnf',
      'imapd.dist',
      'pop3d',
      'pop3d-ssl',
      'pop3d-ssl.dist',
      'pop3d.cnf',
      'pop3d.dist',
    ],
  )
  assert.equal(result.notices, [])
  assert.is(outcome(result, 'imapd', 'MAXPERIP'), 'new')
  assert.is(it.text('imapd'), it.text('imapd.dist'))
  assert.match(it.text('imapd-ssl'), new RegExp(`^TLS_CERTFILE=${it.etc}/imapd.pem$`, 'm'))
  assert.is(statSync(join(it.etc, 'imapd.cnf')).mode & 0o777, 0o600)
  assert.is(statSync(join(it.etc, 'authdaemonrc')).mode & 0o777, 0o640)
  for (const found of [await readConfiguration(it.etc), await readPop3Configuration(it.etc), await readAuthConfiguration(it.etc)])
    assert.equal(found?.problems, [])
})

configure('a directory that does not exist is made when that is meant', async () => {
  using it = host()
  rmSync(it.etc, {recursive: true})
  const refused = await it.run({makes: false}).catch((error: Error) => error.message)
  assert.is(refused, `${it.etc} does not exist: nothing has changed`)
  assert.not(existsSync(it.etc))
  await it.run({makes: true})
  assert.ok(existsSync(join(it.etc, 'imapd')))
  await it.run({makes: false, force: true})
})

configure('a second run changes nothing and says so', async () => {
  using it = host()
  await it.run()
  const before = it.snapshot()
  const again = await it.run()
  assert.equal([again.changes, again.reports, again.notices], [[], [], []])
  assert.is(again.output, 'Everything is up to date.')
  assert.equal(it.snapshot(), before)
})

/** What every version must keep: the administrator's settings. */
async function assertSettings(it: Host): Promise<void> {
  const servers = await readConfiguration(it.etc)
  assert.not(hasErrors(servers.problems), servers.problems.map(problemText).join('\n'))
  assert.is(servers.imap.get(IMAPD.ADDRESS), '127.0.0.1')
  assert.is(servers.imap.get(IMAPD.MAXDAEMONS), 80)
  assert.is(servers.imap.get(IMAPD.MAXPERIP), 10)
  assert.is(servers.imap.get(IMAPD.IMAP_IDLE_TIMEOUT), 30)
  assert.is(servers.imap.get(IMAPD.IMAP_CHECK_ALL_FOLDERS), true)
  assert.is(servers.imap.get(IMAPD.IMAP_TRASHFOLDERNAME), 'Papierkorb')
  assert.is(servers.imap.get(IMAPD.MAILDIRPATH), 'Mail/Maildir')
  assert.is(servers.imap.textOf('TCPDOPTS'), '-nodnslookup')
  assert.is(servers.imaps.get(IMAPD.MAILDIRPATH), 'Maildir')
  assert.match(servers.imaps.get(IMAPD_SSL.TLS_CERTFILE) ?? '', /\/imapd\.pem$/)
  assert.is(servers.imaps.get(IMAPD_SSL.TLS_VERIFYPEER), 'none')
  const {plain, mechanisms} = readCapability(servers.imap)
  assert.is(plain, undefined, 'the stock capabilities mean automatic')
  assert.equal(mechanisms, ['CRAM-MD5'])
  const pop3 = await readPop3Configuration(it.etc)
  assert.not(hasErrors(pop3?.problems ?? []))
  assert.is(pop3?.pop3.get(POP3D.MAXPERIP), 8)
  assert.equal(
    pop3?.pop3.get(POP3D.PORT).map(({port}) => port),
    [110, 1110],
  )
  assert.equal(pop3?.pop3.get(POP3D.POP3AUTH), ['LOGIN', 'CRAM-MD5'])
  assert.is(pop3?.pop3.textOf('TCPDOPTS'), "-nodnslookup -block=z.example,BLOCK,'Go away'")
  const auth = await readAuthConfiguration(it.auth)
  assert.equal(auth.settings.get(AUTHDAEMONRC.authmodulelist), ['authuserdb', 'authpam'])
  assert.is(auth.settings.get(AUTHDAEMONRC.daemons), 7)
}

interface Expected {
  /** Steps that have something to say, by a word of it. */
  readonly told: readonly RegExp[]
  readonly untold: readonly RegExp[]
  /** `file block outcome` */
  readonly blocks: readonly (readonly [file: string, block: string, outcome: string | undefined])[]
  readonly extra?: (it: Host) => Promise<void> | void
}

const UIDL = /UIDL/
const EPOCH = /UIDVALIDITY/
const DH = /dhparams\.pem/
const UTF8 = /maildirmake/
const IDLE = /IMAP_ENHANCEDIDLE is gone/
const TRUST = /TLS_TRUSTCERTS is/
const KX = /TLS_KX_LIST/
const IDENT = /-noidentlookup was taken out/
const ACCESS = /imapaccess/
const MARKS = /had no marks/
const SIZES = /courierpop3dsizelist/

const MATRIX: Record<string, Expected> = {
  '1.2': {
    told: [MARKS, UIDL, EPOCH, DH, UTF8, TRUST, IDENT, ACCESS],
    untold: [/no POP3 server before/],
    blocks: [
      ['imapd', 'MAXDAEMONS', 'unchanged'],
      ['imapd', 'IMAP_CAPABILITY', 'unchanged'],
      ['imapd-ssl', 'TLS_TRUSTCERTS', 'unchanged'],
      ['imapd-ssl', 'TLS_DHPARAMS', 'new'],
      ['pop3d', 'POP3DSTART', 'unchanged'],
    ],
    extra(it) {
      assert.match(it.text('imapd.config'), /^MAXDAEMONS=80$/m, 'the old file stays')
      assert.not(existsSync(join(it.etc, 'imapd.bak')))
    },
  },
  '1.7': {
    told: [UIDL, EPOCH, DH, UTF8, IDLE, TRUST, IDENT, ACCESS],
    untold: [MARKS, KX],
    blocks: [
      ['imapd', 'AUTHMODULES', 'removed'],
      ['imapd', 'IMAP_CAPABILITY', 'unchanged'],
      ['imapd', 'IMAP_ENHANCEDIDLE', 'removed'],
      ['imapd', 'TCPDOPTS', 'UPDATED'],
      ['imapd-ssl', 'TLS_PEERCERTDIR', 'removed'],
      ['imapd-ssl', 'TLS_CACHE', 'UPDATED'],
    ],
  },
  '3.0': {
    told: [EPOCH, DH, UTF8, IDLE, TRUST, IDENT],
    untold: [MARKS, UIDL, KX],
    blocks: [
      ['imapd', 'AUTHMODULES', 'removed'],
      ['imapd', 'IMAP_CAPABILITY', 'unchanged'],
      ['imapd', 'IMAP_ACL', undefined],
      ['imapd', 'ACL_CAPABILITY', 'new'],
      ['authdaemonrc', 'authmodulelist', 'unchanged'],
      ['authdaemonrc', 'version', 'removed'],
      ['authdaemonrc', 'authdaemonvar', 'UPDATED'],
    ],
  },
  '4.1': {
    told: [EPOCH, DH, UTF8, IDLE, TRUST, IDENT],
    untold: [MARKS, UIDL, KX],
    blocks: [
      ['imapd', 'ACL_CAPABILITY', 'unchanged'],
      ['imapd', 'IMAP_MAILBOX_SANITY_CHECK', 'new'],
      ['authdaemonrc', 'DEFAULTOPTIONS', 'unchanged'],
    ],
  },
  '4.9': {
    told: [EPOCH, DH, UTF8, IDLE, KX, IDENT],
    untold: [MARKS, UIDL, TRUST],
    blocks: [
      ['imapd', 'IMAP_MAILBOX_SANITY_CHECK', 'unchanged'],
      ['imapd', 'IMAP_LOG_DELETIONS', 'new'],
      ['imapd-ssl', 'TLS_KX_LIST', 'removed'],
      ['imapd-ssl', 'TLS_PRIORITY', 'new'],
      ['imapd-ssl', 'TLS_TRUSTCERTS', 'unchanged'],
    ],
  },
  '4.14': {
    told: [DH, UTF8, IDLE, IDENT],
    untold: [MARKS, UIDL, TRUST, EPOCH, KX],
    blocks: [
      ['imapd-ssl', 'TLS_DHCERTFILE', 'removed'],
      ['imapd-ssl', 'TLS_DHPARAMS', 'new'],
      ['imapd-ssl', 'TLS_CACHE', 'UPDATED'],
    ],
  },
  '4.18': {
    told: [UTF8, IDLE, IDENT],
    untold: [MARKS, UIDL, TRUST, EPOCH, KX, DH, SIZES],
    blocks: [
      ['imapd', 'ACCESSFILE', 'unchanged'],
      ['imapd-ssl', 'TLS_DHPARAMS', 'unchanged'],
      ['imapd-ssl', 'TLS_CACHE', 'UPDATED'],
      ['imapd-ssl', 'TLS_PRIVATE_KEYFILE', 'new'],
    ],
  },
  '5.0': {
    told: [IDLE, IDENT, SIZES],
    untold: [MARKS, UIDL, TRUST, EPOCH, KX, DH, UTF8],
    blocks: [
      ['imapd-ssl', 'TLS_CACHE', 'unchanged'],
      ['imapd-ssl', 'TLS_ALPN', 'new'],
      ['imapd', 'IMAP_ENHANCEDIDLE', 'removed'],
      ['pop3d', 'MIME_UNICODE_MESSAGE_TYPE', 'new'],
    ],
  },
}

for (const [version, expected] of Object.entries(MATRIX)) {
  configure(
    `files of ${version}: settings are kept, the rest is told, a second run changes nothing, and all of it can be undone`,
    async () => {
      using it = host()
      write(it.etc, oldFiles(version, {certificates: it.etc, dh: join(it.etc, 'none.pem')}))
      chmodSync(join(it.etc, 'authdaemonrc'), 0o600)
      const before = it.snapshot()
      const preview = await it.run({dryRun: true})
      assert.equal(it.snapshot(), before, 'a dry run changes nothing')
      const result = await it.run()
      assert.equal(result.changes, preview.changes)
      await assertSettings(it)
      for (const pattern of expected.told) assert.ok(told(result, pattern), `${pattern} is told\n${result.notices.join('\n')}`)
      for (const pattern of expected.untold) assert.not(told(result, pattern), `${pattern} is not told\n${result.notices.join('\n')}`)
      for (const [file, block, wanted] of expected.blocks) assert.is(outcome(result, file, block), wanted, `${file} ${block}`)
      await expected.extra?.(it)
      assert.is(statSync(join(it.etc, 'authdaemonrc')).mode & 0o777, 0o600, 'rights stay')
      const after = it.snapshot()
      assert.equal((await it.run()).changes, [])
      assert.equal(it.snapshot(), after)
      await it.run({undo: true})
      assert.equal(it.snapshot(), before, 'undone')
    },
  )
}

const DEBIAN_FILES = ['imapd', 'imapd-ssl', 'pop3d', 'pop3d-ssl', 'authdaemonrc']

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK)
    return true
  } catch {
    return false
  }
}

const debian = configure.when(
  DEBIAN_FILES.every((name) => isReadable(join('/etc/courier', name))),
  "Debian's package is not installed, or its files are another user's",
)

debian("Debian's files of 5.0.13 (example 57)", async () => {
  using it = host()
  for (const name of DEBIAN_FILES) writeFileSync(join(it.etc, name), readFileSync(join('/etc/courier', name)))
  const result = await it.run()
  assert.is(outcome(result, 'imapd', 'TCPDOPTS'), 'UPDATED')
  assert.match(it.text('imapd'), /^# TCPDOPTS="-nodnslookup -noidentlookup"$/m)
  assert.match(it.text('imapd'), /^MAXPERIP=20$/m)
  assert.not.match(it.text('imapd'), /^IMAP_ENHANCEDIDLE/m)
  assert.equal((await readAuthConfiguration(it.etc)).settings.get(AUTHDAEMONRC.authmodulelist), ['authpam'])
  assert.equal((await it.run()).changes, [])
})

configure('before 4.0: the files of the authentication move to their own directory', async () => {
  using it = host({sameDirectory: false})
  write(it.etc, oldFiles('3.0', {certificates: it.etc, dh: '/none'}))
  write(it.etc, {
    'authdaemonrc.dist': 'x',
    authldaprc: '##VERSION: $Id: old$\n##NAME: LDAP_SERVER:0\n\nLDAP_SERVER\tldap.example.com\n',
    'authmysqlrc.dist': 'x',
    authmodulelist: 'authuserdb\n',
  })
  chmodSync(join(it.etc, 'authldaprc'), 0o600)
  const before = it.snapshot()
  const result = await it.run()
  assert.ok(told(result, /auth\/authldaprc: it is refused without the line "##NAME: MARKER:0"/))
  assert.ok(told(result, /auth\/authldaprc: LDAP_SERVER and LDAP_PORT have become LDAP_URI/))
  await assertSettings(it)
  assert.equal(
    readdirSync(it.etc).filter((name) => name.startsWith('auth')),
    ['authdaemonrc.bak', 'authldaprc.bak', 'authmodulelist.bak'],
  )
  assert.match(readFileSync(join(it.auth, 'authldaprc'), 'utf8'), /LDAP_SERVER\tldap/)
  assert.is(statSync(join(it.auth, 'authldaprc')).mode & 0o777, 0o600)
  assert.equal((await it.run()).changes, [])
  await it.run({undo: true})
  assert.equal(it.snapshot(), before)
})

configure('before 4.0: AUTHMODULES without a daemon becomes authmodulelist', async () => {
  using it = host()
  const files = oldFiles('3.0', {certificates: it.etc, dh: '/none'})
  delete files.authdaemonrc
  files.imapd = files.imapd?.replace('AUTHMODULES="authdaemon"', 'AUTHMODULES="authcram authuserdb authpwd authvchkpw"') ?? ''
  write(it.etc, files)
  const result = await it.run()
  assert.equal((await readAuthConfiguration(it.etc)).settings.get(AUTHDAEMONRC.authmodulelist), ['authuserdb', 'authpwd'])
  assert.ok(told(result, /AUTHMODULES="authcram authuserdb authpwd authvchkpw" became authmodulelist="authuserdb authpwd"/))
})

configure('up to 4.14: DH parameters behind a certificate get a file of their own, 0600', async () => {
  using it = host()
  write(it.etc, oldFiles('4.14', {certificates: it.etc, dh: ''}))
  const parameters = dhParametersPem(ffdhePrime(2048))
  const certificate = `-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n${parameters}`
  write(it.etc, {'imapd.pem': certificate})
  const result = await it.run()
  assert.is(it.text('dhparams.pem'), parameters)
  assert.is(statSync(join(it.etc, 'dhparams.pem')).mode & 0o777, 0o600)
  assert.is(it.text('imapd.pem'), certificate, 'a key file is never touched')
  assert.ok(told(result, /The DH parameters of .*imapd\.pem are in .*dhparams\.pem now/))
})

configure('up to 4.14: small DH parameters are not used any more, TLS_DHCERTFILE is looked at first', async () => {
  using it = host()
  write(it.etc, oldFiles('4.14', {certificates: it.etc, dh: join(it.etc, 'dh.pem')}))
  const small = dhParametersPem(BigInt(`0x${'f'.repeat(256)}`))
  write(it.etc, {'dh.pem': `-----BEGIN DSA PRIVATE KEY-----\nAAAA\n-----END DSA PRIVATE KEY-----\n${small}`})
  const result = await it.run()
  assert.not(existsSync(join(it.etc, 'dhparams.pem')))
  assert.ok(told(result, /dh\.pem have 1024 bits only: run "courier mkdhparams"/))
  assert.ok(told(result, /DSA certificates are not supported any more/))
})

configure('up to 5.3.1: files that a package manager left in imapaccess are told', async () => {
  using it = host()
  write(it.etc, oldFiles('5.0', {certificates: it.etc, dh: '/none'}))
  mkdirSync(join(it.etc, 'imapaccess'))
  for (const name of ['local', 'local.rpmsave', 'x.dpkg-old', 'local~']) writeFileSync(join(it.etc, 'imapaccess', name), '')
  assert.ok(told(await it.run(), /imapaccess: remove local\.rpmsave, x\.dpkg-old, with which makeimapaccess stops/))
})

configure('a file without marks, written by hand: what it says is kept, what nobody knows is told', async () => {
  using it = host()
  write(it.etc, {
    imapd: 'MAXDAEMONS=500\nPORT=143\nAUTHSERVICE1143=imap-test\nDOMAINSEP=%@\nMINE=1\nMAXPERIP=none\n',
    'imapd-ssl': 'TLS_CERTFILE="/srv/my $x certs/a.pem"\nTLS_DHPARAMS=/d.pem\n',
  })
  const result = await it.run()
  const {imap, problems} = await readConfiguration(it.etc)
  assert.equal(problems, [])
  assert.is(imap.get(IMAPD.MAXDAEMONS), 500)
  assert.is(imap.get(IMAPD.DOMAINSEP), '%@')
  assert.is(imap.textOf('AUTHSERVICE1143'), 'imap-test')
  assert.is(imap.get(IMAPD_SSL.TLS_CERTFILE), '/srv/my  certs/a.pem')
  assert.ok(told(result, /imapd: not taken over.*: MINE, MAXPERIP$/))
  assert.match(it.text('imapd.bak'), /^MINE=1$/m)
  assert.not(told(result, UIDL), 'its settings show that it is not that old')
  assert.equal((await it.run()).changes, [])
})

configure('a changed template is merged again, and the settings stay', async () => {
  using it = host()
  await it.run()
  writeFileSync(
    join(it.etc, 'imapd'),
    it
      .text('imapd')
      .replace('MAXPERIP=20', 'MAXPERIP=33')
      .replace(/^(##VERSION: .*)-\w+\$/m, '$1-00000000$'),
  )
  const result = await it.run()
  assert.is(outcome(result, 'imapd', 'MAXPERIP'), 'unchanged')
  assert.match(it.text('imapd'), /^MAXPERIP=33$/m)
  assert.equal(result.notices, [])
})

configure('files of the account sources: one for a source that is listed, and real ones are left as they are', async () => {
  using it = host()
  write(it.etc, {authdaemonrc: 'authmodulelist="authmysql authldap"\n', authldaprc: '##VERSION: $Id: courier$\nLDAP_URI ldap://x\n'})
  await it.run()
  assert.match(it.text('authmysqlrc'), /^##VERSION: \$Id: courier-node/)
  assert.is(statSync(join(it.etc, 'authmysqlrc')).mode & 0o777, 0o640)
  assert.is(it.text('authldaprc'), '##VERSION: $Id: courier$\nLDAP_URI ldap://x\n')
  assert.not(existsSync(join(it.etc, 'authpgsqlrc')))
})

configure('a link stays, and what it leads to is changed; one that leads nowhere stops everything', async () => {
  using it = host()
  const real = join(it.etc, '..', 'imapd.real')
  writeFileSync(real, 'MAXDAEMONS=7\n')
  symlinkSync(real, join(it.etc, 'imapd'))
  await it.run()
  assert.ok(lstatSync(join(it.etc, 'imapd')).isSymbolicLink())
  assert.match(readFileSync(real, 'utf8'), /^MAXDAEMONS="7"$/m)
  assert.is(it.text('imapd.bak'), 'MAXDAEMONS=7\n')
  using other = host()
  symlinkSync('nowhere', join(other.etc, 'imapd'))
  const failed = await other.run().catch((error: Error) => error.message)
  assert.match(String(failed), /imapd: The link leads to a file that does not exist/)
  assert.equal(readdirSync(other.etc), ['imapd'])
})

configure('undo refuses to give up later changes, unless it is forced; a second undo has nothing to do', async () => {
  using it = host()
  write(it.etc, {imapd: 'MAXDAEMONS=7\n'})
  const before = it.snapshot()
  await it.run()
  writeFileSync(join(it.etc, 'imapd'), `${it.text('imapd')}MINE=1\n`)
  const refused = await it.run({undo: true}).catch((error: Error) => error.message)
  assert.match(String(refused), /^Changed since then: .*imapd\. --force/)
  await it.run({undo: true, force: true})
  assert.equal(it.snapshot(), before)
  const nothing = await it.run({undo: true}).catch((error: Error) => error.message)
  assert.match(String(nothing), /nothing to undo/)
})

configure('an interrupted run: the next one completes it, and undo goes back to the state before both', async () => {
  using it = host()
  write(it.etc, {imapd: 'MAXDAEMONS=7\n', 'imapd-ssl': 'SSLPORT=1993\n'})
  const before = it.snapshot()
  await it.run()
  // As if the run had ended after the first files: the record is not complete, imapd-ssl is the old one.
  const record = join(it.etc, '.configure-undo.json')
  writeFileSync(record, readFileSync(record, 'utf8').replace('"complete":true', '"complete":false'))
  writeFileSync(join(it.etc, 'imapd-ssl'), 'SSLPORT=1993\n')
  await it.run()
  assert.match(it.text('imapd-ssl'), /^SSLPORT="1993"$/m)
  await it.run({undo: true})
  assert.equal(it.snapshot(), before)
})

configure('the dry run prints a diff that patch understands', async () => {
  using it = host()
  write(it.etc, {imapd: 'MAXDAEMONS=7\n'})
  const {output} = await it.run({dryRun: true})
  assert.ok(
    output.includes(`--- ${it.etc}/imapd\n+++ ${it.etc}/imapd\n@@ -1,1 +1,`) ||
      output.includes(`--- ${it.etc}/imapd\n+++ ${it.etc}/imapd\n@@ -1 +1,`),
    output.slice(0, 300),
  )
  assert.match(output, /^\+MAXDAEMONS="7"$/m)
  assert.match(output, /^-MAXDAEMONS=7$/m)
})

configure('the table in the documentation has every step', () => {
  const readme = readFileSync(resolve('README.md'), 'utf8')
  for (const {name, about} of UPGRADE_STEPS) assert.ok(readme.includes(`| \`${name}\``) && readme.includes(about), `${name}: ${about}`)
})

configure.run()
