/** APPEND, STORE, COPY, MOVE, EXPUNGE and what other sessions are told: `spec/imap.md` §12.8, §14 and §28. */
import {readdirSync, readFileSync, renameSync, statSync, unlinkSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import * as assert from 'uvu/assert'
import {ImapClient} from '../support/imap-client.js'
import {type ImapServer, imapServer, PASSWORD} from '../support/imap-server.js'
import {suite} from '../support/suite.js'

const messages = suite('IMAP messages')

const mails = (count: number): string[] => Array.from({length: count}, (_, i) => `Subject: ${i + 1}\n\n${i + 1}\n`)

const cur = (server: ImapServer, folder = ''): string[] => readdirSync(join(server.maildir.path, folder, 'cur')).sort()

messages('APPEND stores the message as Courier does', async () => {
  await using server = await imapServer()
  const imap = await server.login()
  await imap.transcript(`
    C: a APPEND INBOX (\\Seen \\Draft foo) "17-Jul-1996 02:44:25 -0700" {15}
    S: + OK
    C: Subject: x\\r\\n\\r\\nb
    S: a OK [APPENDUID * 1] APPEND Ok.
    C: b APPEND INBOX " 7-Jul-1996 02:44:25 -0500" {1+}
    C: x
    S: b OK [APPENDUID * 2] APPEND Ok.
    C: c APPEND INBOX {0}
    S: + OK
    C:
    S: c OK [APPENDUID * 3] APPEND Ok.
    C: d APPEND INBOX NIL NIL {1+}
    C: x
    S: d OK [APPENDUID * 4] APPEND Ok.
  `)
  // In the order of their UIDs: the microseconds in the names are not padded.
  const names = readFileSync(join(server.maildir.path, 'courierimapuiddb'), 'utf8')
    .split('\n')
    .slice(1, -1)
    .map((line) => cur(server).find((name) => name.startsWith(line.replace(/^\d+ /, ''))) ?? '')
  assert.match(names[0] ?? '', /^\d+\.M\d+P\d+V[0-9A-F]{16}I[0-9A-F]{16}_\d+\.test\.example,S=14:2,DS$/)
  assert.is(readFileSync(join(server.maildir.path, 'cur', names[0] ?? ''), 'latin1'), 'Subject: x\n\nb\n')
  assert.is(statSync(join(server.maildir.path, 'cur', names[0] ?? '')).mtimeMs, 837_596_665_000)
  assert.match(names[2] ?? '', /,S=1:2,$/)
  await imap.transcript(`
    C: a EXAMINE INBOX
    S: * FLAGS (foo *
    S: * OK *
    S: * 4 EXISTS
    S: * *
    S: * *
    S: * *
    S: * *
    S: * *
    S: a OK [READ-ONLY] Ok
    # Courier does not set \\Recent; RFC 3501 §6.3.11 does.
    C: b FETCH 1 (FLAGS RFC822.SIZE)
    S: * 1 FETCH (FLAGS (\\Draft \\Seen \\Recent foo) RFC822.SIZE 17)
    S: b OK FETCH completed.
    C: c FETCH 3 RFC822.SIZE
    S: * 3 FETCH (RFC822.SIZE 2)
    S: c OK FETCH completed.
  `)
})

messages('NUL octets in a message come back as they were sent', async () => {
  await using server = await imapServer()
  await using client = await ImapClient.connect(server.port)
  await client.ok(`LOGIN alice ${PASSWORD}`)
  await client.ok('APPEND INBOX', 'Subject: n\0l\r\n\r\n\0\r\n')
  await client.ok('SELECT INBOX')
  assert.equal(await client.ok('FETCH 1 (RFC822.SIZE BODY.PEEK[TEXT] BODY.PEEK[])'), [
    '* 1 FETCH (RFC822.SIZE 19 BODY[TEXT] {3}\r\n\0\r\n BODY[] {19}\r\nSubject: n\0l\r\n\r\n\0\r\n)',
  ])
})

messages('APPEND refuses before it asks for the message', async () => {
  await using server = await imapServer()
  const imap = await server.login()
  await imap.transcript(`
    C: a APPEND INBOX.none {3}
    S: a NO [TRYCREATE] Must create mailbox before append
    C: b APPEND none {3}
    S: b NO [CANNOT] Invalid mailbox name.
    C: c APPEND "&bad" {3}
    S: c NO [CANNOT] Invalid mailbox name.
    C: d APPEND INBOX "17-July-1996 02:44:25 +0000" {3}
    S: d BAD *
    C: e APPEND INBOX "30-Feb-1996 00:00:00 +0000" {3}
    S: e BAD *
    C: f APPEND INBOX (\\Recent) {3}
    S: f BAD *
    C: g APPEND INBOX ~{3}
    S: g BAD *
    C: h APPEND INBOX UTF8 (~{3}
    S: + OK
    C: a\\0b)
    S: h OK [APPENDUID * 1] APPEND Ok.
    C: i APPEND INBOX
    S: i BAD *
    C: j APPEND INBOX "x"
    S: j BAD *
    C: k APPEND {5}
    S: + OK
    C: INBOX {2}
    S: + OK
    C: hi
    S: k OK [APPENDUID * 2] APPEND Ok.
    C: l APPEND {10}
    S: + OK
    C: INBOX.none {2}
    S: l NO [TRYCREATE] *
  `)
  assert.equal(cur(server).length, 2)
})

messages('a refused APPEND with a literal that does not wait leaves the stream in step', async () => {
  await using server = await imapServer()
  const imap = await server.login()
  await imap.transcript(`
    C: a APPEND INBOX.none {12+}
    C: x LOGOUT\\r\\nyz
    S: a NO [TRYCREATE] *
    C: b APPEND INBOX (\\Foo) {12+}
    C: x LOGOUT\\r\\nyz {3+}
    C: abc
    S: b BAD *
    C: c APPEND INBOX {3+}
    C: abc (\\Seen) {3+}
    C: abc
    S: c BAD *
    C: d FOO {10+}
    C: x LOGOUT\\r\\n
    S: d BAD *
    C: e FOO {10}
    S: e BAD *
    C: f NOOP
    S: f OK NOOP completed
  `)
  assert.equal(cur(server), [])
  assert.equal(readdirSync(join(server.maildir.path, 'tmp')), [])
})

messages('APPEND to the selected mailbox is told at once', async () => {
  await using server = await imapServer({inbox: mails(1)})
  const imap = await server.login()
  await imap.command('SELECT INBOX')
  await imap.transcript(`
    C: a APPEND INBOX {2+}
    C: hi
    S: * 2 EXISTS
    S: * 2 RECENT
    S: a OK [APPENDUID * 2] APPEND Ok.
  `)
})

messages('a client that goes away in the middle of a message leaves nothing', async () => {
  await using server = await imapServer()
  const imap = await server.login()
  await imap.transcript(`
    C: a APPEND INBOX {100}
    S: + OK
    C: Subject: half
  `)
  imap.socket.destroy()
  await Promise.all(server.sessions)
  assert.equal(cur(server), [])
  assert.equal(readdirSync(join(server.maildir.path, 'tmp')), [])
})

messages('raw 8-bit headers bring an alert, not after UTF8 (~{n})', async () => {
  await using server = await imapServer()
  const imap = await server.login()
  await imap.transcript(`
    C: a APPEND INBOX {15+}
    C: Subject: \\xc3\\xa9\\r\\n\\r\\n
    S: * OK [ALERT] Your IMAP client does not appear to correctly implement Unicode messages, *
    S: a OK [APPENDUID * 1] APPEND Ok.
    C: b ENABLE UTF8=ACCEPT
    S: * ENABLED UTF8=ACCEPT
    S: b OK Options enabled
    C: c APPEND INBOX UTF8 (~{15+}
    C: Subject: \\xc3\\xa9\\r\\n\\r\\n)
    S: c OK [APPENDUID * 2] APPEND Ok.
    C: d APPEND INBOX UTF8 (~{15+}
    C: Subject: \\xc3\\xa9\\r\\n\\r\\n
    S: d BAD *
  `)
})

messages('over quota', async () => {
  await using server = await imapServer({quota: '30S', inbox: mails(1), folders: ['.a']})
  const imap = await server.login()
  await imap.command('SELECT INBOX')
  await imap.transcript(`
    C: a APPEND INBOX {20+}
    C: 12345678901234567890
    S: a NO [OVERQUOTA] You exceeded your mail quota.
    C: b COPY 1,1 INBOX.a
    S: b OK [COPYUID * 1 1] COPY completed.
    C: c COPY 1 INBOX.a
    S: c NO [OVERQUOTA] You exceeded your mail quota.
  `)
})

messages('STORE changes and tells flags and keywords', async () => {
  await using server = await imapServer({inbox: mails(2)})
  const imap = await server.login()
  await imap.command('SELECT INBOX')
  await imap.command('NOOP')
  await using other = await server.login()
  await other.command('SELECT INBOX')
  await using third = await server.login()
  await third.command('SELECT INBOX')
  // Courier answers NO for \\Recent and OK for 99; RFC 3501 §9 makes both BAD.
  await third.transcript(`
    C: b STORE 1 FLAGS (\\Seen foo)
    S: * FLAGS (foo \\Draft \\Answered \\Flagged \\Deleted \\Seen \\Recent)
    S: * OK [PERMANENTFLAGS (foo \\* \\Draft \\Answered \\Flagged \\Deleted \\Seen)] Limited
    S: * 1 FETCH (FLAGS (\\Seen foo))
    S: b OK STORE completed.
    C: c STORE 1 -FLAGS (FOO)
    S: * 1 FETCH (FLAGS (\\Seen))
    S: * FLAGS (\\Draft \\Answered \\Flagged \\Deleted \\Seen \\Recent)
    S: * OK [PERMANENTFLAGS (\\* \\Draft \\Answered \\Flagged \\Deleted \\Seen)] Limited
    S: c OK STORE completed.
    C: d STORE 1:2 +FLAGS.SILENT (\\Flagged)
    S: d OK STORE completed.
    C: e UID STORE 2 -FLAGS \\Flagged
    S: * 2 FETCH (UID 2 FLAGS ())
    S: e OK STORE completed.
    C: f STORE 99 FLAGS ()
    S: f BAD Error in IMAP command received by server. Invalid message sequence number: 99
    C: g STORE 1 +FLAGS (\\Recent)
    S: g BAD *
    C: h STORE 1 FOO (\\Seen)
    S: h BAD *
    C: i STORE 2 FLAGS
    S: * 2 FETCH (FLAGS ())
    S: i OK STORE completed.
    C: j STORE 2:1,1 +flags \\Answered \\Draft
    S: * 1 FETCH (FLAGS (\\Draft \\Flagged \\Answered \\Seen))
    S: * 2 FETCH (FLAGS (\\Draft \\Answered))
    S: j OK STORE completed.
    C: k UID STORE 20:30 FLAGS (\\Seen)
    S: k OK STORE completed.
    C: l STORE 1
    S: l BAD *
  `)
  const told = await other.command('NOOP')
  assert.ok(told.includes('* 1 FETCH (FLAGS (\\Draft \\Flagged \\Answered \\Seen))'), told.join('\n'))
  assert.ok(told.includes('* 2 FETCH (FLAGS (\\Draft \\Answered))'), told.join('\n'))
})

messages('without keywords they are refused', async () => {
  await using server = await imapServer({inbox: mails(1), settings: {keywords: false}})
  const imap = await server.login()
  const selected = await imap.command('SELECT INBOX')
  assert.is(selected[1], '* OK [PERMANENTFLAGS (\\Draft \\Answered \\Flagged \\Deleted \\Seen)] Limited')
  assert.match((await imap.command('STORE 1 +FLAGS (foo)'))[0] ?? '', /^x BAD .*Expected a system flag at octet/)
})

messages('COPY tells the new UIDs', async () => {
  await using server = await imapServer({inbox: mails(3), folders: ['.s']})
  const imap = await server.login()
  await imap.command('SELECT INBOX')
  await imap.transcript(`
    C: a COPY 1:2 INBOX.s
    S: a OK [COPYUID * 1:2 1:2] COPY completed.
    C: b COPY 9 INBOX.s
    S: b BAD *
    C: c COPY 1 INBOX.none
    S: c NO [TRYCREATE] Mailbox does not exist.
    C: d COPY 1 none
    S: d NO [CANNOT] Invalid mailbox name.
    C: e UID COPY 3,1 INBOX.s
    S: e OK [COPYUID * 1,3 3:4] COPY completed.
    C: f UID COPY 77 INBOX.s
    S: f OK COPY completed.
    C: g COPY
    S: g BAD *
    C: h COPY 1
    S: h BAD *
    C: i COPY 0 INBOX.s
    S: i BAD *
    C: j COPY 1 INBOX
    S: * 4 EXISTS
    S: * * RECENT
    S: j OK [COPYUID * 1 4] COPY completed.
  `)
  assert.is(cur(server, '.s').length, 4)
})

messages('MOVE tells the new UIDs, then the expunges', async () => {
  await using server = await imapServer({inbox: mails(4), folders: ['.s']})
  const imap = await server.login()
  await imap.command('SELECT INBOX')
  await imap.transcript(`
    C: a MOVE 2:3 INBOX.s
    S: * OK [COPYUID * 2:3 1:2] Moved
    S: * 2 EXPUNGE
    S: * 2 EXPUNGE
    S: * 2 EXISTS
    S: * * RECENT
    S: a OK MOVE completed.
    C: b UID MOVE 4 INBOX.s
    S: * OK [COPYUID * 4 3] Moved
    S: * 2 EXPUNGE
    S: * 1 EXISTS
    S: * * RECENT
    S: b OK MOVE completed.
    C: c MOVE 1 INBOX.none
    S: c NO [TRYCREATE] Mailbox does not exist.
    C: d UID MOVE 2 INBOX.s
    S: d OK MOVE completed.
  `)
  assert.is(cur(server).length, 1)
  assert.is(cur(server, '.s').length, 3)
})

messages('EXPUNGE, UID EXPUNGE, CLOSE and UNSELECT', async () => {
  await using server = await imapServer({inbox: mails(6)})
  const imap = await server.login()
  await imap.command('SELECT INBOX')
  await imap.command('STORE 1,2,4:6 +FLAGS.SILENT (\\Deleted)')
  await imap.transcript(`
    C: a UID EXPUNGE 2:3
    S: * 2 EXPUNGE
    S: * 5 EXISTS
    S: * * RECENT
    S: a OK EXPUNGE completed
    C: b STORE 4:5 -FLAGS.SILENT (\\Deleted)
    S: b OK STORE completed.
    C: c EXPUNGE
    S: * 1 EXPUNGE
    S: * 2 EXPUNGE
    S: * 3 EXISTS
    S: * * RECENT
    S: c OK EXPUNGE completed
    C: d STORE 1 +FLAGS.SILENT (\\Deleted)
    S: d OK STORE completed.
    C: e UNSELECT
    S: e OK UNSELECT completed.
    C: f EXPUNGE
    S: f BAD *
  `)
  assert.is(cur(server).length, 3)
  await imap.command('SELECT INBOX')
  await imap.transcript(`
    C: a UID EXPUNGE
    S: a BAD *
    C: b CLOSE
    S: b OK mailbox closed.
    C: c CHECK
    S: c BAD *
  `)
  assert.is(cur(server).length, 2)
})

messages('what another session did is told, but no EXPUNGE while numbers are in use', async () => {
  await using server = await imapServer({inbox: mails(4)})
  const imap = await server.login()
  await imap.command('SELECT INBOX')
  await using other = await server.login()
  await other.command('SELECT INBOX')
  await other.command('STORE 2 +FLAGS.SILENT (\\Deleted)')
  await other.command('EXPUNGE')
  for (const command of [
    'STORE 1 +FLAGS.SILENT (\\Seen)',
    'FETCH 1 UID',
    'SEARCH ALL',
    'SORT (ARRIVAL) UTF-8 ALL',
    'THREAD REFERENCES UTF-8 ALL',
  ]) {
    const lines = await imap.command(command)
    assert.not.ok(
      lines.some((line) => /EXPUNGE|EXISTS/.test(line)),
      `${command}: ${lines.join('\n')}`,
    )
  }
  const lines = await imap.command('UID STORE 1 +FLAGS.SILENT (\\Flagged)')
  assert.equal(lines.slice(0, 2), ['* 2 EXPUNGE', '* 3 EXISTS'])
})

messages('changes of other programs are told by NOOP and CHECK', async () => {
  await using server = await imapServer({inbox: {'1.a:2,': 'x\n', '2.b:2,': 'y\n'}})
  const imap = await server.login()
  await imap.command('SELECT INBOX')
  renameSync(join(server.maildir.path, 'cur/1.a:2,'), join(server.maildir.path, 'cur/1.a:2,FS'))
  unlinkSync(join(server.maildir.path, 'cur/2.b:2,'))
  writeFileSync(join(server.maildir.path, 'new/3.c'), 'z\n')
  const lines = await imap.command('CHECK')
  assert.is(lines[0], '* 2 EXPUNGE')
  assert.is(lines[1], '* 2 EXISTS')
  assert.match(lines[2] ?? '', /^\* \d RECENT$/)
  assert.match(lines[3] ?? '', /^\* 1 FETCH \(FLAGS \(\\Flagged \\Seen/)
  assert.is(lines.length, 5)
})

messages('IDLE tells news at once', async () => {
  await using server = await imapServer({inbox: mails(1)})
  const imap = await server.login()
  await imap.command('SELECT INBOX')
  await imap.transcript(`
    C: a IDLE
    S: + entering idle mode
  `)
  await using other = await server.login()
  await other.transcript(`
    C: a APPEND INBOX {2+}
    C: hi
    S: a OK *
  `)
  await imap.transcript(`
    S: * 2 EXISTS
    S: * * RECENT
  `)
  writeFileSync(join(server.maildir.path, 'new/5.new'), 'x\n')
  await imap.transcript(`
    S: * 3 EXISTS
    S: * * RECENT
  `)
  await other.command('SELECT INBOX')
  await other.command('STORE 1 +FLAGS.SILENT (\\Deleted kw)')
  await imap.transcript(`
    S: * FLAGS (kw *
    S: * OK [PERMANENTFLAGS (kw *
    S: * 1 FETCH (FLAGS (\\Deleted* kw))
  `)
  await other.command('EXPUNGE')
  await imap.transcript(`
    S: * 1 EXPUNGE
    S: * 2 EXISTS
    S: * * RECENT
    S: * FLAGS (\\Draft *
    S: * OK [PERMANENTFLAGS (\\* *
    C: done
    S: a OK IDLE completed
    C: b IDLE
    S: + entering idle mode
    C: NOOP
    S: b BAD Error in IMAP command received by server. Expected DONE
    C: c NOOP
    S: c OK NOOP completed
  `)
})

messages('IDLE without a mailbox waits, and takes pipelined lines', async () => {
  await using server = await imapServer()
  const imap = await server.login()
  await imap.transcript(`
    C: a IDLE\\r\\nDONE\\r\\nb NOOP
    S: + entering idle mode
    S: a OK IDLE completed
    S: b OK NOOP completed
  `)
})

messages.run()
