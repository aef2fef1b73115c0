import {writeFileSync} from 'node:fs'
import {readFile, writeFile} from 'node:fs/promises'
import {join, resolve} from 'node:path'
import * as assert from 'uvu/assert'
import {makeSelfSigned} from '../../src/tls/self-signed.js'
import {runProgram} from '../support/run-program.js'
import {suite} from '../support/suite.js'
import {temporaryDirectory} from '../support/temporary-directory.js'

const config = suite('courier config')
const courier = (...args: string[]) => runProgram(process.execPath, [resolve('bin/run.js'), 'config', ...args])

config('check tells all problems at once, with file and line, and fails', async () => {
  using directory = temporaryDirectory()
  writeFileSync(join(directory.path, 'imapd'), 'MAXDAEMONS=0\nPORTT=1\n')
  writeFileSync(join(directory.path, 'imapd-ssl'), 'SSLPORT=99999\n')
  writeFileSync(join(directory.path, 'authdaemonrc'), 'AUTHDAEMON_SOCKET=x\n')
  const {code, stdout} = await courier('check', '--config', directory.path)
  assert.is(code, 1)
  assert.equal(stdout.trim().replaceAll(`${directory.path}/`, '').split('\n').sort(), [
    'error: authdaemonrc:1: AUTHDAEMON_SOCKET: A path that begins with "/" is expected, not "x"',
    'error: imapd-ssl:1: SSLPORT: Invalid port: 99999',
    'error: imapd:1: MAXDAEMONS: A number above 0 is expected, not "0"',
    'warning: imapd:2: The setting "PORTT" is not known',
  ])
  const json = await courier('check', '--json', '--config', directory.path)
  assert.is(json.code, 1)
  assert.is((JSON.parse(json.stdout) as {problems: unknown[]}).problems.length, 4)
})

/** The templates, with a certificate and key that they name. */
async function templatesIn(directory: string): Promise<void> {
  for (const name of ['imapd', 'imapd-ssl', 'pop3d', 'pop3d-ssl', 'authdaemonrc']) {
    const text = await readFile(resolve('templates', name), 'utf8')
    await writeFile(join(directory, name), text.replaceAll('/etc/courier/', `${directory}/`))
  }
  const {keyPem, certificatePem} = makeSelfSigned({names: ['localhost'], days: 1, now: new Date()})
  await writeFile(join(directory, 'imapd.pem'), keyPem + certificatePem)
}

config('check has nothing to say about the templates but where they are', async () => {
  using directory = temporaryDirectory()
  await templatesIn(directory.path)
  assert.equal(await courier('check', '--config', directory.path), {code: 0, stdout: '', stderr: ''})
})

config('check tells a key that does not belong to its certificate, and a missing one for POP3', async () => {
  using directory = temporaryDirectory()
  await templatesIn(directory.path)
  const other = makeSelfSigned({names: ['localhost'], days: 1, now: new Date()})
  const own = await readFile(join(directory.path, 'imapd.pem'), 'utf8')
  await writeFile(join(directory.path, 'imapd.pem'), other.keyPem + own.slice(own.indexOf('-----BEGIN CERT')))
  await writeFile(join(directory.path, 'pop3d-ssl'), `POP3DSSLSTART=YES\nTLS_VERIFYPEER=NONE\nTLS_CERTFILE=${directory.path}/none.pem\n`)
  const {code, stdout} = await courier('check', '--config', directory.path)
  assert.is(code, 1)
  assert.match(stdout, /^error: \S+imapd-ssl:\d+: \S+imapd.pem: The private key does not belong to the certificate$/m)
  assert.match(stdout, /^error: \S+pop3d-ssl:3: \S+none.pem: There is no such certificate file$/m)
})

config('check tells a certificate that has ended, and is content with the rest', async () => {
  using directory = temporaryDirectory()
  await templatesIn(directory.path)
  const {keyPem, certificatePem} = makeSelfSigned({names: ['localhost'], days: 1, now: new Date('2020-01-01')})
  await writeFile(join(directory.path, 'imapd.pem'), keyPem + certificatePem)
  const {code, stdout} = await courier('check', '--config', directory.path)
  assert.is(code, 0)
  assert.match(stdout, /^warning: \S+imapd-ssl:\d+: \S+imapd.pem: The certificate ended on 2020-01-0[12]$/m)
})

config('check notes settings that do nothing, and why', async () => {
  using directory = temporaryDirectory()
  await templatesIn(directory.path)
  await writeFile(join(directory.path, 'imapd'), 'IMAP_ULIMITD=131072\n')
  const {code, stdout} = await courier('check', '--config', directory.path)
  assert.is(code, 0)
  assert.match(stdout, /^note: \S+imapd:1: IMAP_ULIMITD has no effect here, because \S.*\n$/)
})

config('show --origin tells what each port sees and where it comes from', async () => {
  using directory = temporaryDirectory()
  writeFileSync(join(directory.path, 'imapd'), 'MAILDIRPATH=Maildir\n')
  writeFileSync(join(directory.path, 'imapd-ssl'), '\nMAILDIRPATH=Mail2\n')
  const {code, stdout} = await courier('show', '--origin', '--config', directory.path)
  assert.is(code, 0)
  assert.ok(stdout.includes(`imap MAILDIRPATH="Maildir"  # ${directory.path}/imapd:1\n`))
  assert.ok(stdout.includes(`imaps MAILDIRPATH="Mail2"  # ${directory.path}/imapd-ssl:2\n`))
})

config('explain tells what a setting is for in each file, and fails for an unknown one', async () => {
  using directory = temporaryDirectory()
  const {code, stdout} = await courier('explain', 'maxperip', '--config', directory.path)
  assert.is(code, 0)
  assert.is(
    stdout,
    'MAXPERIP (imapd): Connections from one address at the same time.\n  Value: number. Shipped: "20".\n  Here: obeyed.\n' +
      'MAXPERIP (pop3d): Connections from one address at the same time.\n  Value: number. Shipped: "4".\n' +
      '  Here: read and checked; POP3 itself is not in this version.\n',
  )
  const failed = await courier('explain', 'NOTHING')
  assert.is(failed.code, 1)
  assert.match(failed.stderr, /There is no setting "NOTHING"/)
})

config('explain tells what a setting is set to, and where', async () => {
  using directory = temporaryDirectory()
  writeFileSync(join(directory.path, 'imapd'), '\nMAXPERIP=7\n')
  writeFileSync(join(directory.path, 'imapd-ssl'), 'MAXPERIP=9\n')
  const {code, stdout} = await courier('explain', 'MAXPERIP', '--config', directory.path)
  assert.is(code, 0)
  assert.ok(
    stdout.endsWith(`  Set for imap: "7" (${directory.path}/imapd:2).\n  Set for imaps: "9" (${directory.path}/imapd-ssl:1).\n`),
    stdout,
  )
})

config('explain says why a setting does nothing, old ones too', async () => {
  assert.match((await courier('explain', 'IMAP_ULIMITD')).stdout, /Here: accepted, but no effect, because /)
  assert.match((await courier('explain', 'TLS_DHCERTFILE')).stdout, /because TLS_DHPARAMS took its place/)
})

config('show tells the POP3 ports too', async () => {
  using directory = temporaryDirectory()
  writeFileSync(join(directory.path, 'imapd'), '')
  writeFileSync(join(directory.path, 'pop3d'), 'PORT=110,1110\n')
  const {stdout} = await courier('show', '--config', directory.path)
  assert.ok(stdout.includes('pop3 PORT="110,1110"\n'))
})

config.run()
