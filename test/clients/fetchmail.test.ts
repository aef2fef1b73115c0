import {readdirSync, readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import * as assert from 'uvu/assert'
import {runProgram} from '../support/run-program.js'
import {ServedMaildir} from '../support/served-maildir.js'
import {suite} from '../support/suite.js'

const fetchmail = suite('fetchmail', {limitMs: 20_000})

const installed = (await runProgram('fetchmail', ['-V', '-f', '/dev/null'])).code !== null
const test = fetchmail.when(installed, 'fetchmail is not installed')

const texts = Array.from(
  {length: 30},
  (_, i) => `From: a@example.org\nTo: b@example.org\nSubject: ${i}\n\n${`Line of ${i}\n`.repeat(i * 20)}`,
)

/** Fetches everything new with the options; answers exit code and the messages that came out. */
async function fetch(
  server: ServedMaildir,
  options: string,
): Promise<{readonly code: number | null; readonly log: string; readonly mail: readonly string[]}> {
  const {home} = server.maildir
  const control = join(home, 'fetchmailrc')
  const out = join(home, `out-${readdirSync(home).length}`)
  writeFileSync(join(home, 'certificate.pem'), server.certificatePem)
  writeFileSync(control, `set no bouncemail\npoll localhost proto imap ${options} mda "cat >>${out}; printf '\\n=====\\n' >>${out}"\n`, {
    mode: 0o600,
  })
  const {code, stdout, stderr} = await runProgram('fetchmail', ['-f', control, '-v', '--pidfile', join(home, 'pid'), '--nosyslog', '-d0'], {
    env: {FETCHMAILHOME: home, HOME: home},
  })
  const mail = readdirSync(home).includes(out.slice(home.length + 1)) ? readFileSync(out, 'latin1').split('\n=====\n').slice(0, -1) : []
  return {code, log: stdout + stderr, mail}
}

for (const [kind, options] of [
  ['in clear', ({port}: ServedMaildir) => `port ${port} user tester password pass sslproto ""`],
  [
    'with STARTTLS',
    ({port, maildir}: ServedMaildir) =>
      `port ${port} user tester password pass sslproto TLS1.2+ sslcertck sslcertfile ${maildir.home}/certificate.pem`,
  ],
  [
    'with TLS',
    ({tlsPort, maildir}: ServedMaildir) =>
      `port ${tlsPort} user tester password pass ssl sslcertck sslcertfile ${maildir.home}/certificate.pem`,
  ],
] as const) {
  test(`takes new mail once with keep, then all and removes it, ${kind}`, async () => {
    await using server = await ServedMaildir.start()
    for (const [i, text] of texts.entries())
      server.maildir.put(i % 2 ? `new/${1_700_000_000 + i}.M${i}P1.x` : `cur/${1_700_000_000 + i}.M${i}P1.x:2,`, text)
    const first = await fetch(server, `${options(server)} keep`)
    assert.is(first.code, 0, first.log)
    const bodies = (mail: readonly string[]) => mail.map((each) => each.slice(each.indexOf('\nSubject: ') + 1)).sort()
    assert.equal(bodies(first.mail), texts.map((text) => text.slice(text.indexOf('Subject: '))).sort())
    const second = await fetch(server, `${options(server)} keep`)
    assert.is(second.code, 1, 'nothing new')
    assert.is(second.mail.length, 0)
    server.maildir.put('new/1700001000.M1P1.x', 'Subject: late\n\nlate\n')
    assert.equal(bodies((await fetch(server, `${options(server)} keep`)).mail), ['Subject: late\n\nlate\n'])
    const last = await fetch(server, `${options(server)} fetchall nokeep`)
    assert.is(last.code, 0, last.log)
    assert.is(last.mail.length, texts.length + 1)
    assert.equal(readdirSync(join(server.maildir.path, 'cur')).concat(readdirSync(join(server.maildir.path, 'new'))), [])
  })
}

fetchmail.run()
