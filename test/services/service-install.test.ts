import {chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync} from 'node:fs'
import {join, resolve} from 'node:path'
import * as assert from 'uvu/assert'
import {runService, type ServiceCommand} from '../../src/services/service-install/run-service.js'
import {configuredServer} from '../support/configured-server.js'
import {isInstalled, runProgram} from '../support/run-program.js'
import {suite} from '../support/suite.js'
import {temporaryDirectory} from '../support/temporary-directory.js'

const service = suite('courier service')

const COURIER = [process.execPath, resolve('bin/run.js')]

interface Root extends Disposable {
  readonly path: string
  run(options?: Partial<ServiceCommand>): Promise<string>
  text(path: string): string
  files(): string[]
}

function root(...directories: string[]): Root {
  const directory = temporaryDirectory()
  for (const each of directories) mkdirSync(join(directory.path, each), {recursive: true})
  return {
    path: directory.path,
    [Symbol.dispose]: () => directory[Symbol.dispose](),
    text: (path) => readFileSync(join(directory.path, path), 'utf8'),
    files: () =>
      readdirSync(directory.path, {recursive: true, encoding: 'utf8'})
        .filter((name) => statSync(join(directory.path, name)).isFile())
        .sort(),
    async run(options = {}) {
      const lines: string[] = []
      await runService({
        action: 'install',
        root: directory.path,
        manager: undefined,
        config: '/etc/courier',
        serveOptions: ['--user', 'vmail'],
        dryRun: false,
        templates: resolve('templates'),
        courier: COURIER,
        env: {},
        print: (line) => lines.push(line),
        ...options,
      })
      return lines.join('\n')
    },
  }
}

const SYSTEMD = ['etc/systemd/system', 'etc/init.d', 'etc/cron.monthly', 'etc/pam.d', 'etc/logrotate.d'] as const

service('systemd: a unit, the monthly job, PAM and logrotate; a second time there is nothing to do', async () => {
  using it = root(...SYSTEMD)
  const output = await it.run()
  assert.equal(it.files(), [
    'etc/cron.monthly/courier-node-mkdhparams',
    'etc/logrotate.d/courier-node',
    'etc/pam.d/imap',
    'etc/pam.d/pop3',
    'etc/systemd/system/courier-node.service',
  ])
  assert.is(output.split('\n').length, 5)
  const unit = it.text('etc/systemd/system/courier-node.service')
  assert.ok(unit.includes(`\nExecStart=${COURIER.join(' ')} serve --config /etc/courier --user vmail\n`), unit)
  assert.not.match(unit, /@\w+@/)
  assert.is(statSync(join(it.path, 'etc/cron.monthly/courier-node-mkdhparams')).mode & 0o777, 0o755)
  assert.match(it.text('etc/logrotate.d/courier-node'), /systemctl reload courier-node\.service/)
  assert.is(await it.run(), 'Everything is in place.')
})

service.when(isInstalled('/usr/bin/systemd-analyze'), 'systemd-analyze is not installed')('systemd understands the unit', async () => {
  using it = root(...SYSTEMD)
  await it.run({serveOptions: []})
  const {stdout, stderr} = await runProgram('/usr/bin/systemd-analyze', [
    'verify',
    join(it.path, 'etc/systemd/system/courier-node.service'),
  ])
  const complaints = `${stdout}${stderr}`.split('\n').filter((line) => line.includes('courier-node.service'))
  assert.equal(complaints, [])
})

service('systemd without cron: a timer takes its place', async () => {
  using it = root('etc/systemd/system')
  await it.run()
  assert.equal(it.files(), [
    'etc/systemd/system/courier-node-mkdhparams.service',
    'etc/systemd/system/courier-node-mkdhparams.timer',
    'etc/systemd/system/courier-node.service',
  ])
  await it.run({action: 'remove'})
  assert.equal(it.files(), [])
})

service("services of Courier's package that start with the host are told", async () => {
  using it = root(...SYSTEMD, 'etc/systemd/system/multi-user.target.wants')
  for (const name of ['courier-imap.service', 'courier-imap-ssl.service', 'courier-authdaemon.service'])
    writeFileSync(join(it.path, 'etc/systemd/system/multi-user.target.wants', name), '')
  assert.match(await it.run(), /^courier-imap-ssl\.service and courier-imap\.service would take the ports/m)
})

service('sysvinit: scripts that sh understands', async () => {
  using it = root('etc/init.d', 'etc/cron.monthly')
  await it.run({config: '/etc/with blank'})
  assert.equal(it.files(), ['etc/cron.monthly/courier-node-mkdhparams', 'etc/init.d/courier-node'])
  for (const path of it.files()) {
    assert.equal(await runProgram('/bin/sh', ['-n', join(it.path, path)]), {code: 0, stdout: '', stderr: ''})
    assert.not.match(it.text(path), /@\w+@/)
  }
  const wrong = await runProgram('/bin/sh', [join(it.path, 'etc/init.d/courier-node'), 'begin'])
  assert.is(wrong.code, 2)
})

service('the sysvinit script starts what the files switch on, tells its state, and stops it', async () => {
  using server = await configuredServer()
  using it = root('etc/init.d')
  server.set('imapd-ssl', {IMAPDSSLSTART: 'no'})
  await it.run({config: server.etc, serveOptions: []})
  const script = (word: string) => runProgram('/bin/sh', [join(it.path, 'etc/init.d/courier-node'), word], {env: server.env})
  try {
    assert.equal(await script('start'), {code: 0, stdout: '', stderr: ''})
    assert.ok(existsSync(server.pidFile))
    assert.not(existsSync(server.tlsPidFile), 'it is switched off')
    assert.match((await script('status')).stdout, /^imapd runs: process \d+ .*\nimapd-ssl does not run\n$/)
    assert.is((await script('reload')).code, 0)
  } finally {
    await script('stop')
  }
  assert.is((await script('status')).code, 3)
})

service('the monthly job is silent, and leaves a young file alone', async () => {
  using server = await configuredServer()
  using it = root('etc/cron.monthly')
  await it.run({config: server.etc})
  writeFileSync(join(server.etc, 'dhparams.pem'), 'young')
  const job = join(it.path, 'etc/cron.monthly/courier-node-mkdhparams')
  assert.equal(await runProgram(job, [], {env: {TLS_DHPARAMS: ''}}), {code: 0, stdout: '', stderr: ''})
  assert.is(readFileSync(join(server.etc, 'dhparams.pem'), 'utf8'), 'young')
})

service('files of others stay, at install and at remove', async () => {
  using it = root(...SYSTEMD)
  writeFileSync(join(it.path, 'etc/pam.d/imap'), 'auth required pam_own.so\n')
  const output = await it.run()
  assert.match(output, /pam\.d\/imap is there and not ours: it was left as it is/)
  assert.is(it.text('etc/pam.d/imap'), 'auth required pam_own.so\n')
  const removed = await it.run({action: 'remove'})
  assert.match(removed, /courier-node\.service: removed/)
  assert.equal(it.files(), ['etc/pam.d/imap'])
  assert.is(await it.run({action: 'remove'}), 'There is nothing of ours to remove.')
})

for (const [name, directory, word] of [
  ['common-auth', 'etc/pam.d', '@include common-auth'],
  ['system-auth', 'etc/pam.d', 'system-auth'],
  ['none of them', 'etc/pam.d', 'pam_unix.so'],
] as const) {
  service(`PAM with ${name}`, async () => {
    using it = root(directory)
    if (name !== 'none of them') writeFileSync(join(it.path, directory, name), '')
    const output = await it.run()
    assert.ok(it.text('etc/pam.d/imap').includes(word))
    assert.is(it.text('etc/pam.d/imap'), it.text('etc/pam.d/pop3'))
    assert.match(output, /^Neither systemd nor \/etc\/init\.d was found/)
  })
}

service('a dry run shows everything and changes nothing', async () => {
  using it = root(...SYSTEMD)
  const output = await it.run({dryRun: true})
  assert.match(output, /^\+ExecStart=/m)
  assert.equal(it.files(), [])
})

service.when(process.geteuid?.() !== 0, 'root may write everywhere')('who may not write is told where', async () => {
  using it = root('etc/init.d')
  chmodSync(join(it.path, 'etc/init.d'), 0o500)
  const message = await it.run().catch((error: Error) => error.message)
  assert.match(message, /etc\/init\.d\/.*: Permission denied/)
})

service.run()
