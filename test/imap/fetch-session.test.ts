/** FETCH, SEARCH, SORT and THREAD over a socket: dialogues, and what other sessions see. */
import {once} from 'node:events'
import {rmSync} from 'node:fs'
import {join} from 'node:path'
import {setImmediate as nextTurn} from 'node:timers/promises'
import {setFlagsFromString} from 'node:v8'
import {runInNewContext} from 'node:vm'
import * as assert from 'uvu/assert'
import {corpusNames, storedMessage} from '../support/corpus.js'
import {parseFetches} from '../support/fetch-response.js'
import {imapServer, type TestClient} from '../support/imap-server.js'
import {suite} from '../support/suite.js'

const test = suite('IMAP FETCH and SEARCH sessions')

const MULTIPART = `Subject: =?utf-8?Q?caf=C3=A9?= test
From: Alice Example <alice@example.com>
Date: Tue, 02 Jan 2024 10:00:00 -0500
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain
Content-Transfer-Encoding: quoted-printable

foo=3D
--b
Content-Type: message/rfc822

From: in@ner
Subject: inner

inner body
--b--
`

/** Octets in Buffers that somebody still needs: the least of some looks, because garbage goes in the background. */
async function heldOctets(): Promise<number> {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  let least = Number.POSITIVE_INFINITY
  for (let look = 0; look < 10; look++) {
    collect()
    for (let turn = 0; turn < 20; turn++) await nextTurn()
    least = Math.min(least, process.memoryUsage().arrayBuffers)
  }
  return least
}

/** Everything up to the tagged line, octet by octet. */
async function raw(client: TestClient, command: string): Promise<string> {
  const {socket} = client
  let text = ''
  const done = new Promise<void>((resolve, reject) => {
    const take = (chunk: Buffer) => {
      text += chunk.toString('latin1')
      if (!/(?:^|\r\n)raw (?:OK|NO|BAD) [^\r\n]*\r\n$/.test(text.slice(-200))) return
      socket.off('data', take)
      resolve()
    }
    socket.on('data', take)
    socket.once('close', () => reject(new Error('Closed')))
  })
  socket.write(`raw ${command}\r\n`)
  await done
  return text.slice(0, text.lastIndexOf('raw '))
}

test('sections, partials and \\Seen', async () => {
  await using server = await imapServer({inbox: [MULTIPART, 'Subject: two\n\nbody\n']})
  await using client = await server.login()
  await client.command('SELECT INBOX')
  await client.transcript(`
    C: a FETCH 1 BODY.PEEK[1]
    S: * 1 FETCH (BODY[1] {6}
    S: foo=3D)
    S: a OK FETCH completed.
    C: b FETCH 1 BODY.PEEK[2.TEXT]<6.100>
    S: * 1 FETCH (BODY[2.TEXT]<6> {4}
    S: body)
    S: b OK FETCH completed.
    C: c FETCH 1 BODY.PEEK[3]
    S: * 1 FETCH (BODY[3] {0}
    S: )
    S: c OK FETCH completed.
    C: d FETCH 2 BODY[TEXT]
    S: * 2 FETCH (BODY[TEXT] {6}
    S: body
    S: )
    S: * 2 FETCH (FLAGS (\\Seen \\Recent))
    S: d OK FETCH completed.
    C: e UID FETCH 1 RFC822.SIZE
    S: * 1 FETCH (UID 1 RFC822.SIZE ${MULTIPART.replaceAll('\n', '\r\n').length})
    S: e OK FETCH completed.
    C: f FETCH 3 FLAGS
    S: f BAD *
    C: g FETCH 1 (FLAGS
    S: g BAD *
    C: h FETCH * UID
    S: * 2 FETCH (UID 2)
    S: h OK FETCH completed.
    C: i UID FETCH 20:* UID
    S: * 2 FETCH (UID 2)
    S: i OK FETCH completed.
    C: j FETCH 2:1 UID
    S: * 1 FETCH (UID 1)
    S: * 2 FETCH (UID 2)
    S: j OK FETCH completed.
  `)
})

test('SEARCH, SORT and THREAD answer in one line', async () => {
  await using server = await imapServer({inbox: [MULTIPART, 'Subject: Re: two\n\nHello\nWorld\n', 'Subject: two\n\nbody\n']})
  await using client = await server.login()
  await client.command('SELECT INBOX')
  await client.transcript(`
    C: a SEARCH CHARSET UTF-8 SUBJECT "caf\\xc3\\xa9"
    S: * SEARCH 1
    S: a OK SEARCH done.
    C: b SEARCH BODY "hello world"
    S: * SEARCH 2
    S: b OK SEARCH done.
    C: c SEARCH TEXT "subject: caf"
    S: * SEARCH
    S: c OK SEARCH done.
    C: d SEARCH CHARSET FOO ALL
    S: d NO [BADCHARSET (*)] The requested character set is not supported.
    C: e SEARCH SENTON 2-Jan-2024
    S: * SEARCH 1
    S: e OK SEARCH done.
    C: f SEARCH
    S: f BAD *
    C: g SORT (SUBJECT) UTF-8 2:3
    S: * SORT 2 3
    S: g OK SORT done.
    C: h THREAD ORDEREDSUBJECT UTF-8 2:3
    S: * THREAD (2 3)
    S: h OK THREAD done.
    C: i SEARCH SUBJECT {3+}
    C: two
    S: * SEARCH 2 3
    S: i OK SEARCH done.
    C: j ENABLE UTF8=ACCEPT
    S: * ENABLED UTF8=ACCEPT
    S: j OK Options enabled
    C: k SEARCH CHARSET UTF-8 ALL
    S: k BAD CHARSET is not valid in UTF8 mode as per RFC 6855
    C: l THREAD REFERENCES US-ASCII ALL
    S: l BAD [BADCHARSET] Only UTF-8 charset is valid after enabling RFC 6855 support
  `)
})

test('the corpus comes through a socket as it was stored', async () => {
  const messages = corpusNames().map((name) => storedMessage(name).toString('latin1'))
  await using server = await imapServer()
  for (const [index, text] of messages.entries()) {
    const {writeFileSync} = await import('node:fs')
    writeFileSync(join(server.maildir.path, 'cur', `${1_000_000_000 + index}.M1P1.host:2,S`), text, 'latin1')
  }
  await using client = await server.login()
  await client.command('SELECT INBOX')
  if (messages.length === 0) return
  const fetched = parseFetches(await raw(client, 'FETCH 1:* (RFC822.SIZE BODYSTRUCTURE BODY.PEEK[] ENVELOPE)'))
  assert.is(fetched.length, messages.length)
  for (const [index, {items}] of fetched.entries()) {
    const wire = messages[index]!.replaceAll('\n', '\r\n')
    assert.ok(items.get('BODY[]') === wire, `message ${index + 1}`)
    assert.is(items.get('RFC822.SIZE'), wire.length)
  }
})

test('a slow reader keeps nothing in memory and delays nobody', async () => {
  const text = `Subject: large\n\n${'0123456789012345678901234567890123456789\n'.repeat(500_000)}`
  await using server = await imapServer({inbox: [text, 'Subject: small\n\nsmall\n']})
  await using slow = await server.login()
  await using quick = await server.login()
  await slow.command('SELECT INBOX')
  await quick.command('SELECT INBOX')
  slow.socket.pause()
  const before = await heldOctets()
  slow.socket.write('slow FETCH 1 BODY.PEEK[]\r\n')
  for (let turn = 0; turn < 200; turn++) await nextTurn()
  const began = performance.now()
  assert.equal(await quick.command('SEARCH SUBJECT small'), ['* SEARCH 2', 'x OK SEARCH done.'])
  const waited = performance.now() - began
  assert.ok(waited < 2_000, `${waited} ms`)
  const held = (await heldOctets()) - before
  assert.ok(held < 4_000_000, `${held} octets`)
  slow.socket.removeAllListeners('data')
  let octets = 0
  slow.socket.on('data', (chunk: Buffer) => {
    octets += chunk.length
  })
  slow.socket.resume()
  const wire = text.length + 500_002
  while (octets < wire) await once(slow.socket, 'data')
})

test('a client that goes away in the middle of a message harms nobody', async () => {
  const text = `Subject: large\n\n${'0123456789012345678901234567890123456789\n'.repeat(200_000)}`
  await using server = await imapServer({inbox: [text]})
  {
    await using client = await server.login()
    await client.command('SELECT INBOX')
    client.socket.write('a FETCH 1 BODY[]\r\n')
    await once(client.socket, 'data')
  }
  await Promise.all(server.sessions)
  await using other = await server.login()
  await other.command('SELECT INBOX')
  assert.equal(await other.command('FETCH 1 RFC822.SIZE'), [`* 1 FETCH (RFC822.SIZE ${text.length + 200_002})`, 'x OK FETCH completed.'])
})

test('another session learns that a message was read', async () => {
  await using server = await imapServer({inbox: ['Subject: x\n\nb\n']})
  await using one = await server.login()
  await using two = await server.login()
  await one.command('SELECT INBOX')
  await two.command('SELECT INBOX')
  await one.command('FETCH 1 BODY[]')
  assert.equal(await two.command('NOOP'), ['* 1 FETCH (FLAGS (\\Seen))', 'x OK NOOP completed'])
})

test('a keyword of another session is announced before the flags that hold it', async () => {
  await using server = await imapServer({inbox: ['Subject: x\n\nb\n']})
  await using one = await server.login()
  await using two = await server.login()
  await one.command('SELECT INBOX')
  await two.command('SELECT INBOX')
  await two.command('STORE 1 +FLAGS (\\Seen urgent)')
  assert.equal((await one.command('FETCH 1 FLAGS')).slice(0, 3), [
    '* FLAGS (urgent \\Draft \\Answered \\Flagged \\Deleted \\Seen \\Recent)',
    '* OK [PERMANENTFLAGS (urgent \\* \\Draft \\Answered \\Flagged \\Deleted \\Seen)] Limited',
    '* 1 FETCH (FLAGS (\\Seen \\Recent urgent))',
  ])
})

test('a message removed meanwhile is replaced, and its end told afterwards', async () => {
  await using server = await imapServer({inbox: ['Subject: x\n\nb\n', 'Subject: y\n\nb\n']})
  await using client = await server.login()
  await client.command('SELECT INBOX')
  rmSync(join(server.maildir.path, 'cur', '1000000001.M1P1.host:2,'))
  assert.match((await client.command('FETCH 1:2 BODY.PEEK[]'))[0] ?? '', /^\* 1 FETCH \(BODY\[\] \{129\}$/)
  assert.equal(await client.command('NOOP'), ['* 1 EXPUNGE', '* 1 EXISTS', '* 1 RECENT', 'x OK NOOP completed'])
})

test('FETCH needs a mailbox', async () => {
  await using server = await imapServer()
  await using client = await server.login()
  for (const command of ['FETCH 1 FLAGS', 'SEARCH ALL', 'SORT (DATE) UTF-8 ALL', 'THREAD REFERENCES UTF-8 ALL']) {
    assert.match((await client.command(command)).join(), /^x BAD /, command)
  }
})

test.run()
