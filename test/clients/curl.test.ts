import {writeFileSync} from 'node:fs'
import {join} from 'node:path'
import * as assert from 'uvu/assert'
import {type ProgramResult, runProgram} from '../support/run-program.js'
import {ServedMaildir} from '../support/served-maildir.js'
import {suite} from '../support/suite.js'

const curl = suite('curl', {limitMs: 20_000})

const version = await runProgram('curl', ['--version'])
const test = curl.when(version.code === 0 && / imaps /.test(version.stdout), 'there is no curl that speaks IMAP')

const MESSAGE = 'From: a@example.org\nSubject: hello\n\nA line\n.\nThe last line\n'

/** One run for each way to connect. */
function ways(server: ServedMaildir): readonly (readonly [url: string, ...options: string[]])[] {
  return [
    [`imap://127.0.0.1:${server.port}`],
    [`imap://127.0.0.1:${server.port}`, '--ssl-reqd', '-k'],
    [`imaps://127.0.0.1:${server.tlsPort}`, '-k'],
    [`imaps://127.0.0.1:${server.tlsPort}`, '-k', '--login-options', 'AUTH=PLAIN', '--sasl-ir'],
  ]
}

async function run(way: readonly string[], path: string, ...options: string[]): Promise<ProgramResult> {
  const [url = '', ...more] = way
  return runProgram('curl', ['-sS', '-u', 'tester:pass', ...more, ...options, `${url}${path}`])
}

async function output(...call: Parameters<typeof run>): Promise<string> {
  const {code, stdout, stderr} = await run(...call)
  assert.is(`${code} ${stderr}`, '0 ')
  return stdout.replaceAll('\r\n', '\n')
}

test('lists, fetches, searches and appends, in clear, with STARTTLS and with TLS', async () => {
  await using server = await ServedMaildir.start()
  server.maildir.put('cur/1700000000.M1P1.x:2,S', MESSAGE)
  server.maildir.put('cur/1700000001.M1P1.x:2,', MESSAGE.replace('hello', 'second'))
  const letter = join(server.maildir.home, 'letter')
  writeFileSync(letter, 'Subject: sent\r\n\r\nFrom curl\r\n')
  for (const [i, way] of ways(server).entries()) {
    assert.match(await output(way, ''), /^\* LIST \(.*\) "\." "?INBOX"?$/m)
    assert.is(await output(way, '/INBOX;UID=1'), MESSAGE)
    assert.is(await output(way, '/INBOX;MAILINDEX=2;SECTION=HEADER.FIELDS%20(SUBJECT)'), 'Subject: second\n\n')
    assert.is(await output(way, '/INBOX;UID=1;SECTION=TEXT;PARTIAL=2.4'), 'line')
    assert.match(await output(way, '/INBOX?SUBJECT%20second'), /^\* SEARCH 2$/m)
    assert.match(await output(way, '/INBOX?NEW%20OR%20SEEN%20ALL'), /^\* SEARCH/m)
    assert.is(await output(way, '/INBOX', '-T', letter), '')
    assert.match(await output(way, '', '-X', 'STATUS INBOX (MESSAGES)'), new RegExp(`MESSAGES ${3 + i}\\b`))
    assert.match(
      await output(way, '/INBOX', '-X', 'UID FETCH 3:* (FLAGS RFC822.SIZE)'),
      /^\* 3 FETCH \(UID 3 FLAGS \(.*\) RFC822\.SIZE 28\)/m,
    )
    assert.match(await output(way, '/INBOX', '-X', `STORE 1 +FLAGS (way${i})`), new RegExp(`FLAGS \\(.*way${i}`))
  }
  assert.is(await output(ways(server)[0] ?? [''], '/INBOX;UID=3'), 'Subject: sent\n\nFrom curl\n')
})

test('is told errors: password, mailbox, message, UIDVALIDITY', async () => {
  await using server = await ServedMaildir.start()
  server.maildir.put('cur/1700000000.M1P1.x:2,S', MESSAGE)
  const [way = [''], secure = ['']] = ways(server)
  assert.is((await run(way, '', '-u', 'tester:wrong')).code, 67)
  assert.is((await run(secure, '', '-u', 'tester:wrong')).code, 67)
  assert.is((await run(way, '/INBOX.none;UID=1')).code, 67)
  assert.is((await run(way, '/INBOX;UID=9')).code, 78)
  assert.is((await run(way, '/INBOX;UIDVALIDITY=1;UID=1')).code, 78)
  assert.is((await run(way, '', '-X', 'NONSENSE')).code, 21)
})

test('fetches a message of 30 MB', async () => {
  await using server = await ServedMaildir.start()
  const text = `Subject: big\n\n${`${'x'.repeat(79)}\n`.repeat(30 * 13_107)}`
  server.maildir.put('cur/1700000000.M1P1.x:2,S', text)
  for (const way of ways(server).slice(0, 3)) {
    const file = join(server.maildir.home, 'fetched')
    const {stdout, stderr} = await run(way, '/INBOX;UID=1', '-o', file, '-w', '%{size_download}')
    assert.is(`${stdout}${stderr}`, String(text.length + text.split('\n').length - 1))
  }
})

curl.run()
