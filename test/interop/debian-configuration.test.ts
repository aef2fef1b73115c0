import {once} from 'node:events'
import {readFileSync} from 'node:fs'
import {join, resolve} from 'node:path'
import {createInterface} from 'node:readline'
import * as assert from 'uvu/assert'
import type {ServerAnswers} from '../support/ask-server.js'
import {DEBIAN_FILES, missingForPrivateHost, type PrivateHost, privateHost} from '../support/private-host.js'
import {until} from '../support/process-host.js'
import {suite} from '../support/suite.js'

const debian = suite("Debian's own configuration", {limitMs: 120_000})
const PID_FILE = '/run/courier/ours.pid'
const missing = missingForPrivateHost()

async function ask(host: PrivateHost, subject = ''): Promise<ServerAnswers> {
  const {stdout, stderr} = await host.program(process.execPath, resolve('dist/test/support/ask-server.js'), host.user, 'pass', subject)
  assert.is.not(stdout, '', stderr)
  return JSON.parse(stdout) as ServerAnswers
}

/** What listens: `*:143` for all addresses of both kinds. */
async function listening(host: PrivateHost): Promise<string[]> {
  const {stdout} = await host.program('ss', '-Hltn')
  return stdout
    .split('\n')
    .map((line) => line.trim().split(/\s+/)[3] ?? '')
    .filter((each) => each !== '')
    .sort()
}

/** Serves with our server while `work` runs; gives the log. */
async function withOurs<T>(host: PrivateHost, work: () => Promise<T>): Promise<{result: T; log: string[]}> {
  const child = host.start(process.execPath, resolve('bin/run.js'), 'serve', '--pid-file', PID_FILE)
  const log: string[] = []
  const lines = createInterface({input: child.stderr ?? process.stdin})
  const listens = new Promise<void>((done) => {
    lines.on('line', (line) => {
      log.push(line)
      if (/imaps.*993/.test(line)) done()
    })
    lines.on('close', () => done())
  })
  await listens
  try {
    return {result: await work(), log}
  } finally {
    // Its number is another one in there.
    await host.program('sh', '-c', `kill -TERM "$(cat ${PID_FILE})"`)
    await once(child, 'close')
  }
}

/** The same with Debian's package, started by its own scripts. */
async function withDebian<T>(host: PrivateHost, work: () => Promise<T>): Promise<T> {
  const scripts = ['/usr/sbin/authdaemond', '/usr/sbin/imapd', '/usr/sbin/imapd-ssl']
  for (const script of scripts) assert.is((await host.program(script, 'start')).code, 0, script)
  // Its scripts end before the daemon answers.
  await until(async () => (await host.program('authtest', '-s', 'imap', host.user, 'pass')).code === 0, 'authdaemond answers')
  try {
    return await work()
  } finally {
    for (const script of scripts.toReversed()) await host.program(script, 'stop')
  }
}

const COME_LATER = ['ACL', 'ACL2=UNION']

debian.when(missing === undefined, missing ?? '')(
  'is served as it is, and by the package again: same ports, limits, capabilities and mail',
  async () => {
    await using host = await privateHost()
    const before = DEBIAN_FILES.map((name) => readFileSync(join(host.etc, name), 'latin1'))
    const theirs = await withDebian(host, async () => ({answers: await ask(host, 'from-debian'), ports: await listening(host)}))
    const {result: ours, log} = await withOurs(host, async () => ({answers: await ask(host, 'from-us'), ports: await listening(host)}))
    assert.equal(theirs.answers.messages, ['1 from-debian'])
    assert.equal(ours.answers.messages, ['1 from-debian', '2 from-us'], log.join('\n'))
    assert.is(ours.answers.uidValidity, theirs.answers.uidValidity)

    const ports = (all: readonly string[]) => [...new Set(all.map((each) => each.replace(/^.*:/, '')))].sort()
    assert.equal(ports(ours.ports), ['143', '993'])
    assert.equal(ports(theirs.ports), ['143', '993'])
    assert.is(theirs.answers.greeted, 20, 'MAXPERIP=20')
    assert.is(ours.answers.greeted, 20, 'MAXPERIP=20')

    for (const when of ['plain', 'startTls', 'tls'] as const) {
      const lacking = theirs.answers[when].filter((word) => !ours.answers[when].includes(word))
      assert.equal(lacking, COME_LATER, `capabilities, ${when}`)
    }
    assert.ok(
      ours.answers.plain.includes('STARTTLS') && !ours.answers.startTls.includes('STARTTLS') && !ours.answers.tls.includes('STARTTLS'),
    )

    const again = await withDebian(host, () => ask(host, 'from-debian-again'))
    assert.equal(again.messages, ['1 from-debian', '2 from-us', '3 from-debian-again'])
    assert.is(again.uidValidity, theirs.answers.uidValidity)
    assert.equal(
      DEBIAN_FILES.map((name) => readFileSync(join(host.etc, name), 'latin1')),
      before,
      'no file was touched',
    )
  },
)

debian.when(missing === undefined, missing ?? '')('is checked without an error; POP3, which comes later, is told', async () => {
  await using host = await privateHost()
  const {code, stdout} = await host.program(process.execPath, resolve('bin/run.js'), 'config', 'check')
  assert.is(code, 0, stdout)
  const lines = stdout.trim().split('\n')
  assert.equal(
    lines.filter((line) => !line.startsWith('note: ')).map((line) => line.replace(/:\d+:/, ':')),
    [
      'warning: /etc/courier/pop3d: POP3DSTART has no effect in this version',
      'warning: /etc/courier/pop3d-ssl: POP3DSSLSTART has no effect in this version',
    ],
  )
  for (const name of ['IMAP_ULIMITD', 'IMAP_ENHANCEDIDLE'])
    assert.ok(
      lines.some((line) => line.startsWith('note: ') && line.includes(name)),
      name,
    )
})

debian.when(missing === undefined, missing ?? '')(
  'can be upgraded: the package serves the upgraded files too, and undo brings the old ones back',
  async () => {
    await using host = await privateHost()
    const courier = (...words: string[]) => host.program(process.execPath, resolve('bin/run.js'), ...words)
    const before = DEBIAN_FILES.map((name) => readFileSync(join(host.etc, name), 'latin1'))
    const {code, stdout, stderr} = await courier('configure')
    assert.is(code, 0, stderr)
    assert.match(stdout, /^ {2}TCPDOPTS: UPDATED$/m)
    assert.match((await courier('configure')).stdout, /^Everything is up to date\.$/m)
    const theirs = await withDebian(host, () => ask(host, 'upgraded'))
    assert.equal([theirs.messages, theirs.greeted], [['1 upgraded'], 20])
    const {result: ours} = await withOurs(host, () => ask(host))
    assert.equal([ours.messages, ours.greeted], [['1 upgraded'], 20])
    assert.is((await courier('configure', '--undo')).code, 0)
    assert.equal(
      DEBIAN_FILES.map((name) => readFileSync(join(host.etc, name), 'latin1')),
      before,
    )
  },
)

debian.run()
