/**
 * The acceptance examples of `spec/imap.md` §28, one after the other, by their numbers.
 *
 * `same`: real Courier gives the same dialogue, and does so here when it is installed. `differs`: RFC 3501 wins; the line
 * after `# Courier:` says what Courier answers instead. `NO *text` leaves room for a response code, which Courier does not send.
 * Not here: 20, 39, 40, 42 to 45 and 48, which are about what this version does not have.
 */
import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import {hostname} from 'node:os'
import {join} from 'node:path'
import * as assert from 'uvu/assert'
import {Mailstores} from '../../src/maildir/mailstores.js'
import {NodeFiles} from '../../src/maildir/node-files.js'
import {accountMail} from '../../src/services/account-mail.js'
import {examplesOf, type Side} from '../support/example.js'
import {ImapServer, imapServer, PASSWORD} from '../support/imap-server.js'
import {LogLines, storeEnvironment} from '../support/store.js'
import {suite} from '../support/suite.js'

const examples = suite('Examples of spec/imap.md §28')
const {same, differs} = examplesOf(examples)

const mails = (count: number): string[] => Array.from({length: count}, (_, i) => `Subject: ${i + 1}\n\n${i + 1}\n`)
const cur = (path: string, folder = ''): string[] => readdirSync(join(path, folder, 'cur')).sort()
const database = (path: string): string => readFileSync(join(path, 'courierimapuiddb'), 'utf8')

/** Untagged lines of a command without those that only one of the two sends. */
async function told({imap}: Pick<Side, 'imap'>, command: string): Promise<string[]> {
  return (await imap.command(command)).filter((line) => !/^\* OK \[(UNSEEN|UIDNEXT)/.test(line))
}

examples('1 PREAUTH and CAPABILITY', async () => {
  const outer = new ImapServer({})
  await using server = await new ImapServer({connection: {preauth: outer.account}}).start()
  const imap = await server.connect()
  // Courier: its words are those of IMAP_CAPABILITY, and ACL ACL2=UNION; LITERAL+, UNSELECT and MOVE are new.
  await imap.transcript(`
    S: * PREAUTH Ready.
    C: a CAPABILITY
    S: * CAPABILITY IMAP4rev1 UIDPLUS CHILDREN NAMESPACE THREAD=ORDEREDSUBJECT THREAD=REFERENCES SORT QUOTA IDLE* ENABLE UTF8=ACCEPT
    S: a OK CAPABILITY completed
  `)
  await outer[Symbol.asyncDispose]()
})

same(
  '2 CAPABILITY under TLS says what is configured',
  {connection: {encrypted: true}, settings: {capabilityTls: 'FOO'}, env: {IMAP_TLS: '1', IMAP_CAPABILITY_TLS: 'FOO', IMAP_ACL: '0'}},
  `
    C: a CAPABILITY
    S: * CAPABILITY FOO* ENABLE UTF8=ACCEPT
    S: a OK CAPABILITY completed
  `,
)

examples('3 login mode: the tagged answer and the log line', async () => {
  await using server = await imapServer()
  const imap = await server.connect()
  await imap.transcript(`
    S: * OK *
    C: zz LOGIN alice ${PASSWORD}
    S: zz OK LOGIN Ok.
  `)
  // The log makes `INFO: LOGIN, user=alice, ip=[::ffff:192.0.2.9], port=[999], protocol=IMAP` of it.
  const line = server.log.lines.find((found) => found.startsWith('imap.login ')) ?? ''
  for (const fact of ['"ip":"::ffff:192.0.2.9"', '"port":999', '"user":"alice"', '"protocol":"IMAP"']) assert.ok(line.includes(fact), line)
})

examples('4 a login that needs TLS', async () => {
  await using server = await imapServer({settings: {tlsRequired: true}, startTls: (socket) => socket})
  const imap = await server.connect()
  // Courier: no response code.
  await imap.transcript(`
    S: * OK [CAPABILITY * STARTTLS LOGINDISABLED *
    C: b LOGIN x y
    S: b NO [PRIVACYREQUIRED] STARTTLS required
    C: c AUTHENTICATE PLAIN
    S: c NO [PRIVACYREQUIRED] STARTTLS required
  `)
})

examples('5 a login that fails', async () => {
  await using server = await imapServer()
  const imap = await server.connect()
  // Courier: no response code.
  await imap.transcript(`
    S: * OK *
    C: b LOGIN foo bar
    S: b NO [AUTHENTICATIONFAILED] Login failed.
    C: a AUTHENTICATE FOO
    S: a NO [AUTHENTICATIONFAILED] Login failed.
  `)
  const [first, second] = server.log.lines.filter((line) => line.startsWith('imap.login-failed'))
  assert.match(first ?? '', /"user":"foo"/)
  assert.match(second ?? '', /"method":"FOO"/)
})

differs(
  '6 commands that are unknown, or not possible now',
  {},
  `
    # Courier: a NO Error in IMAP command received by server.
    C: a FOO
    S: a BAD Error in IMAP command received by server. Unknown command
    # Courier: * NO Error in IMAP command received by server.
    C:
    S: * BAD Error in IMAP command received by server.*
    # Courier: b NO Error in IMAP command received by server.
    C: b FETCH 1 FLAGS
    S: b BAD Error in IMAP command received by server. FETCH is not possible in this state
  `,
)

differs('7 ten violations in a row', {}, async ({imap}) => {
  for (let number = 1; number < 10; number += 1) {
    // Courier: n NO Error in IMAP command received by server.
    await imap.transcript(`C: n X\nS: n BAD Error in IMAP command received by server. Unknown command`)
  }
  await imap.transcript(`
    C: n X
    S: * BYE [ALERT] Fatal error: TOO MANY CONSECUTIVE PROTOCOL VIOLATIONS:*
    END
  `)
})

same(
  '8 literals',
  {},
  `
    C: a STATUS {5}
    S: + OK
    C: INBOX (MESSAGES)
    S: * STATUS "INBOX" (MESSAGES 0)
    S: a OK STATUS Completed.
  `,
)

differs(
  '8 literals that do not wait',
  {},
  `
    C: b STATUS {5+}
    # Courier: b BAD Invalid command
    C: INBOX (MESSAGES)
    S: * STATUS "INBOX" (MESSAGES 0)
    S: b OK STATUS Completed.
  `,
)

same('9 UID database', {}, async (side) => {
  for (const number of [2, 1]) writeFileSync(join(side.path, `new/100000000${number}.M${number}P1.host`), 'x\n')
  const now = Math.floor(Date.now() / 1000)
  const lines = await told(side, 'SELECT INBOX')
  assert.ok(lines.includes('* 2 EXISTS') && lines.includes('* 2 RECENT'))
  assert.equal(cur(side.path), ['1000000001.M1P1.host:2,', '1000000002.M2P1.host:2,'])
  const [, validity] = /^1 (\d+) 3\n1 1000000001\.M1P1\.host\n2 1000000002\.M2P1\.host\n$/.exec(database(side.path)) ?? []
  assert.ok(Math.abs(Number(validity) + 1_000_000_000 - now) <= 2, database(side.path))
  const again = await told({imap: await side.login()}, 'SELECT INBOX')
  assert.ok(again.includes(`* OK [UIDVALIDITY ${validity}] Ok`) && again.includes('* 0 RECENT'), again.join('\n'))
})

same('10 UIDs follow the numbers at the beginning of names', {}, async (side) => {
  for (const name of ['10.a', '9.a']) writeFileSync(join(side.path, 'new', name), 'x\n')
  await told(side, 'SELECT INBOX')
  assert.match(database(side.path), /^1 \d+ 3\n1 9\.a\n2 10\.a\n$/)
})

same('11 an existing UID database counts', {inbox: {'x:2,S': 'x\n', 'y:2,': 'y\n'}}, async (side) => {
  writeFileSync(join(side.path, 'courierimapuiddb'), '1 77 50\n40 x\n')
  assert.ok((await told(side, 'SELECT INBOX')).includes('* OK [UIDVALIDITY 77] Ok'))
  await side.imap.transcript(`
    C: a FETCH 1:2 UID
    S: * 1 FETCH (UID 40)
    S: * 2 FETCH (UID 50)
    S: a OK FETCH completed.
  `)
  assert.is(database(side.path), '1 77 51\n40 x\n50 y\n')
})

differs(
  '12 SELECT',
  {inbox: {'a:2,S': 'x\n', 'b:2,': 'y\n'}},
  `
    C: a SELECT INBOX
    S: * FLAGS (\\Draft \\Answered \\Flagged \\Deleted \\Seen \\Recent)
    S: * OK [PERMANENTFLAGS (\\* \\Draft \\Answered \\Flagged \\Deleted \\Seen)] Limited
    S: * 2 EXISTS
    S: * 2 RECENT
    # Courier: no UNSEEN line (RFC 3501 §6.3.1 requires it).
    S: * OK [UNSEEN 2] First unseen
    S: * OK [UIDVALIDITY *] Ok
    # Courier: no UIDNEXT line.
    S: * OK [UIDNEXT 3] Ok
    S: * OK [MYRIGHTS "acdilrsw"] ACL
    S: a OK [READ-WRITE] Ok
  `,
)
same('12 SELECT, apart from these two lines', {inbox: {'a:2,S': 'x\n', 'b:2,': 'y\n'}}, async (side) => {
  const lines = await told(side, 'SELECT INBOX')
  assert.match(
    lines.join('|'),
    /^\* FLAGS \(\\Draft \\Answered \\Flagged \\Deleted \\Seen \\Recent\)\|\* OK \[PERMANENTFLAGS \(\\\* \\Draft \\Answered \\Flagged \\Deleted \\Seen\)\] Limited\|\* 2 EXISTS\|\* \d RECENT\|\* OK \[UIDVALIDITY \d+\] Ok\|\* OK \[MYRIGHTS "acdilrsw"\] ACL\|x OK \[READ-WRITE\] Ok$/,
  )
})

same('13 EXAMINE', {inbox: mails(1)}, async (side) => {
  const lines = await told(side, 'EXAMINE INBOX')
  assert.ok(lines.includes('* OK [PERMANENTFLAGS ()] No permanent flags permitted'))
  assert.is(lines.at(-1), 'x OK [READ-ONLY] Ok')
  await side.imap.transcript(`
    C: a STORE 1 +FLAGS (\\Deleted)
    S: a NO Current box is selected READ-ONLY.
    C: b EXPUNGE
    S: b NO Cannot expunge read-only mailbox.
  `)
})
differs('13 EXAMINE refuses every flag', {inbox: mails(1)}, async (side) => {
  await told(side, 'EXAMINE INBOX')
  await side.imap.transcript(`
    C: a STORE 1 +FLAGS (\\Flagged)
    # Courier: sets it (RFC 3501 §6.3.2 forbids that).
    S: a NO Current box is selected READ-ONLY.
  `)
})

differs('14 a SELECT that fails deselects', {inbox: mails(1)}, async (side) => {
  await told(side, 'SELECT INBOX')
  await side.imap.transcript(`
    # Courier: no response code.
    C: a SELECT INBOX.nope
    S: a NO [NONEXISTENT] Mailbox does not exist, or must be subscribed to.
    # Courier: b NO Error in IMAP command received by server.
    C: b FETCH 1 FLAGS
    S: b BAD Error in IMAP command received by server. FETCH is not possible in this state
  `)
})

same('15 STATUS forms', {inbox: mails(2), folders: ['.a']}, async (side) => {
  writeFileSync(join(side.path, '.a/courierimapuiddb'), '1 5 3\n')
  writeFileSync(join(side.path, '.a/new/1000000009.M1P1.host'), 'x\n')
  await side.imap.transcript(`
    C: a STATUS INBOX MESSAGES
    S: * STATUS "INBOX" (MESSAGES 2)
    S: a OK STATUS Completed.
    C: b STATUS INBOX (UNSEEN FOO MESSAGES)
    S: * STATUS "INBOX" (MESSAGES 2 UNSEEN 2)
    S: b OK STATUS Completed.
    C: c STATUS inbox (UIDNEXT)
    S: * STATUS "inbox" (UIDNEXT 3)
    S: c OK STATUS Completed.
    C: d STATUS INBOX ()
    S: * STATUS "INBOX" ()
    S: d OK STATUS Completed.
    C: e STATUS INBOX.a (UIDNEXT RECENT)
    S: * STATUS "INBOX.a" (RECENT 1 UIDNEXT 4)
    S: e OK STATUS Completed.
  `)
  assert.is(readdirSync(join(side.path, '.a/new')).length, 1)
})

same('16 CREATE errors', {}, async ({imap, path}) => {
  await imap.transcript(`
    C: a CREATE INBOX.a.b
    S: a OK "INBOX.a.b" created.
    C: b CREATE INBOX.a.b
    S: b NO *Cannot create this folder.
    C: c CREATE INBOX
    S: c NO *INBOX already exists!
    C: d CREATE foo
    S: d NO *Invalid mailbox name.
    C: e CREATE INBOX.x.
    S: e OK "INBOX.x." created.
    C: f CREATE "INBOX.a/b"
    S: f NO *Invalid mailbox name.
    C: g CREATE shared.x
    S: g NO *Access denied for CREATE on shared.x (ACL "c" required)
    C: i CREATE "#shared.bob.new"
    S: i NO *Access denied for CREATE on #shared.bob.new (ACL "c" required)
  `)
  assert.ok(['cur', 'new', 'tmp'].every((name) => existsSync(join(path, '.a.b', name))))
  const mark = statSync(join(path, '.a.b/maildirfolder'))
  assert.equal([mark.size, mark.mode & 0o777], [0, 0o600])
  assert.match(readFileSync(join(path, '.a.b/courierimapuiddb'), 'utf8'), /^1 \d+ 1\n$/)
  assert.not.ok(existsSync(join(path, '.x')))
})
differs(
  '16 CREATE with a name that cannot be decoded',
  {},
  `
    C: h CREATE "INBOX.bad&zz"
    # Courier: h NO Error in IMAP command received by server.
    S: h BAD Error in IMAP command received by server.*
  `,
)

same('17 encoding of names', {folders: ['.ctl\x01']}, async ({imap, path}) => {
  await imap.transcript(`
    C: a CREATE "INBOX.caf&AOk-"
    S: a OK "INBOX.caf&AOk-" created.
    C: b LIST "" INBOX.c*
    S: * LIST (\\HasNoChildren) "." "INBOX.c*"
    S: * LIST (\\HasNoChildren) "." "INBOX.c*"
    S: b OK LIST completed
    C: b LIST "" INBOX.caf*
    S: * LIST (\\HasNoChildren) "." "INBOX.caf&AOk-"
    S: b OK LIST completed
    C: b LIST "" INBOX.ctl*
    S: * LIST (\\HasNoChildren) "." "INBOX.ctl&AAE-"
    S: b OK LIST completed
    C: c ENABLE UTF8=ACCEPT
    S: * ENABLED UTF8=ACCEPT
    S: c OK Options enabled
    C: d LIST "" INBOX.caf*
    S: * LIST (\\HasNoChildren) "." "INBOX.caf\xc3\xa9"
    S: d OK LIST completed
    C: e SELECT "INBOX.caf&AOk-"
    S: e NO *
  `)
  assert.is((await imap.command('SELECT "INBOX.caf\xc3\xa9"')).at(-1), 'x OK [READ-WRITE] Ok')
  assert.ok(existsSync(join(path, '.café')))
})

same(
  '18 LIST',
  {folders: ['.a.b', '.Sent']},
  `
    C: a LIST "" ""
    S: * LIST (\\Noselect) "." ""
    S: a OK LIST completed
    C: b LIST "" "%"
    S: * LIST (\\Unmarked \\HasChildren) "." "INBOX"
    S: b OK LIST completed
    C: c LIST "" "INBOX.%"
    S: * LIST (\\HasNoChildren) "." "INBOX.Sent"
    S: * LIST (\\Noselect \\HasChildren) "." "INBOX.a"
    S: c OK LIST completed
    C: d LIST "" "INBOX.%.%"
    S: * LIST (\\HasNoChildren) "." "INBOX.a.b"
    S: d OK LIST completed
    C: e LIST "INBOX.a" ""
    S: * LIST (\\Noselect \\HasChildren) "." ""
    S: e OK LIST completed
    C: f LIST foo "*"
    S: f OK LIST completed
    C: g LIST "" "***********"
    S: g NO *Invalid argument
    C: h LIST "#shared." "%"
    S: h OK LIST completed
    C: i LIST "INBOX" ""
    S: * LIST (\\Unmarked \\HasChildren) "." ""
    S: i OK LIST completed
    C: j LIST "INBOX.none" ""
    S: * LIST (\\Noselect) "." ""
    S: j OK LIST completed
    C: k LIST "" "INBOX.A.%"
    S: k OK LIST completed
  `,
)
same(
  '18 LIST: INBOX is \\Marked when a message lacks S',
  {inbox: {'1.a:2,S': 'x\n', '2.b:2,': 'x\n'}},
  `
    C: a LIST "" INBOX
    S: * LIST (\\Marked \\HasNoChildren) "." "INBOX"
    S: a OK LIST completed
  `,
)

same(
  '19 LIST for an obsolete client',
  {
    folders: ['.a'],
    settings: {obsoleteClient: true, checkAllFolders: true},
    env: {IMAP_OBSOLETE_CLIENT: '1', IMAP_CHECK_ALL_FOLDERS: '1'},
  },
  async ({imap, path}) => {
    writeFileSync(join(path, '.a/cur/1.a:2,'), 'x\n')
    assert.equal((await imap.command('LIST "" *')).sort(), [
      '* LIST (\\Marked \\Noinferiors) "." "INBOX.a"',
      '* LIST (\\Unmarked) "." "INBOX"',
      'x OK LIST completed',
    ])
  },
)

same('21 subscriptions', {}, async ({imap, path}) => {
  for (const name of ['INBOX', 'INBOX.nope.x', 'inbox', '"#shared.foo"', '"INBOX.caf&AOk-"'])
    assert.equal(await imap.command(`SUBSCRIBE ${name}`), ['x OK Folder subscribed.'])
  assert.is(readFileSync(join(path, 'courierimapsubscribed'), 'utf8'), 'INBOX\nINBOX.nope.x\n#shared.foo\nINBOX.café\n')
  const listed = await imap.command('LSUB "" "*"')
  const names = listed.map((line) => /"\." "(.*)"$/.exec(line)?.[1]).filter(Boolean)
  assert.equal(names.sort(), ['INBOX', 'INBOX.caf&AOk-', 'INBOX.nope', 'INBOX.nope.x'])
  assert.ok(listed.includes('* LSUB (\\Noselect \\HasChildren) "." "INBOX.nope"'))
  await imap.transcript(`
    C: a SUBSCRIBE foo
    S: a NO *Invalid mailbox name.
  `)
})

// Courier: answers a refused DELETE after 2 s. Its answers are the same but for the response codes.
differs('22 DELETE', {folders: ['.a', '.a.b', '.Trash']}, async ({imap, path}) => {
  await imap.transcript(`
    C: a DELETE INBOX
    S: a NO [CANNOT] Cannot delete this folder.
    C: b DELETE inbox
    S: b NO [CANNOT] Cannot delete this folder.
    C: c DELETE INBOX.Trash
    S: c NO [CANNOT] Cannot delete this folder.
    C: d DELETE INBOX.none
    S: d NO [NONEXISTENT] Mailbox does not exist, or must be subscribed to.
    C: e DELETE INBOX.x.
    S: e OK Folder directory delete punted.
    C: f DELETE INBOX.a
    S: f OK Folder deleted.
  `)
  assert.equal([existsSync(join(path, '.a')), existsSync(join(path, '.a.b'))], [false, true])
})

// Courier: waits 2 s at each RENAME, so that the new UIDVALIDITY is a new one; ours is unique without waiting.
differs('23 RENAME', {folders: ['.z.b', '.other']}, async ({imap, path}) => {
  const validity = async (name: string) => (await imap.command(`STATUS ${name} (UIDVALIDITY)`))[0]?.replace(/.*UIDVALIDITY /, '')
  const before = await validity('INBOX.z.b')
  await imap.transcript(`
    C: a RENAME INBOX.z INBOX.y
    S: a OK Folder renamed.
    C: b RENAME INBOX INBOX.q
    S: b NO [CANNOT] INBOX rename not implemented.
    C: c RENAME INBOX.y.b INBOX.y.b.c
    S: c NO [CANNOT] RENAME failed: Invalid argument
    C: d RENAME INBOX.y.b INBOX.other
    S: d NO [ALREADYEXISTS] RENAME failed: File exists
    # Courier: e OK Folder renamed.
    C: e RENAME INBOX.none INBOX.none2
    S: e NO [NONEXISTENT] Mailbox does not exist, or must be subscribed to.
  `)
  assert.ok(existsSync(join(path, '.y.b')))
  assert.is.not(await validity('INBOX.y.b'), before)
  await imap.command('SELECT INBOX.y.b')
  assert.equal(await imap.command('RENAME INBOX.y INBOX.w'), ["x NO [INUSE] Can't RENAME the currently-open folder"])
})

same('24 APPEND storage', {}, async (side) => {
  const {imap, path} = side
  await imap.transcript(`
    C: a APPEND INBOX (\\Seen \\Draft foo) "17-Jul-1996 02:44:25 -0700" {15}
    S: + OK
    C: Subject: x\\r\\n\\r\\nb
    S: a OK [APPENDUID * 1] APPEND Ok.
  `)
  const [name = ''] = cur(path)
  assert.match(name, /^\d+\.M\d+P\d+V[0-9A-F]{16}I[0-9A-F]{16}_\d+\.test\.example,S=14:2,DS$/)
  assert.is(readFileSync(join(path, 'cur', name), 'latin1'), 'Subject: x\n\nb\n')
  assert.is(statSync(join(path, 'cur', name)).mtimeMs, 837_596_665_000)
  await imap.transcript(`
    C: b APPEND INBOX " 7-Jul-1996 02:44:25 -0500" {1}
    S: + OK
    C: x
    S: b OK [APPENDUID * 2] APPEND Ok.
  `)
  await told(side, 'SELECT INBOX')
  await imap.transcript(`
    C: c FETCH 1 (RFC822.SIZE INTERNALDATE)
    S: * 1 FETCH (RFC822.SIZE 17 INTERNALDATE "17-Jul-1996 09:44:25 +0000")
    S: c OK FETCH completed.
    C: d FETCH 2 INTERNALDATE
    S: * 2 FETCH (INTERNALDATE "07-Jul-1996 07:44:25 +0000")
    S: d OK FETCH completed.
    C: e STORE 1 -FLAGS (\\Answered)
    S: * 1 FETCH (FLAGS (\\Draft \\Seen *foo))
    S: e OK STORE completed.
  `)
})
differs(
  '24 APPEND with a date that is none',
  {},
  `
    # Courier: NO Error in IMAP command received by server.
    C: e APPEND INBOX "17-July-1996 02:44:25 +0000" {3}
    S: e BAD *
    C: f APPEND INBOX "30-Feb-1996 00:00:00 +0000" {3}
    S: f BAD *
    C: g STATUS INBOX (MESSAGES)
    S: * STATUS "INBOX" (MESSAGES 0)
    S: g OK STATUS Completed.
    # Courier: the message is not \\Recent (RFC 3501 §6.3.11 makes it so).
    C: h APPEND INBOX (\\Seen) {1+}
    C: x
    S: h OK [APPENDUID * 1] APPEND Ok.
    C: i STATUS INBOX (RECENT)
    S: * STATUS "INBOX" (RECENT 1)
    S: i OK STATUS Completed.
  `,
)

same('25 APPEND refusals', {}, async (side) => {
  await side.imap.transcript(`
    C: a APPEND INBOX.none {3}
    S: a NO [TRYCREATE] Must create mailbox before append
    C: b APPEND none {3}
    S: b NO *Invalid mailbox name.
    C: c APPEND INBOX {0}
    S: + OK
    C:
    S: c OK [APPENDUID * 1] APPEND Ok.
  `)
  assert.match(cur(side.path)[0] ?? '', /,S=1:2,$/)
  await told(side, 'SELECT INBOX')
  await side.imap.transcript(`
    C: d FETCH 1 RFC822.SIZE
    S: * 1 FETCH (RFC822.SIZE 2)
    S: d OK FETCH completed.
  `)
})

same('26 flags and keywords', {inbox: mails(2)}, async (side) => {
  await told(side, 'SELECT INBOX')
  await told({imap: await side.login()}, 'SELECT INBOX')
  const imap = await side.login()
  await told({imap}, 'SELECT INBOX')
  await imap.transcript(`
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
  `)
})
differs('26 STORE of what cannot be', {inbox: mails(2)}, async (side) => {
  await told(side, 'SELECT INBOX')
  await side.imap.transcript(`
    # Courier: * NO Invalid message sequence number: 99, then OK (RFC 3501 §9: a number above EXISTS is an error).
    C: f STORE 99 FLAGS ()
    S: f BAD Error in IMAP command received by server. Invalid message sequence number: 99
    # Courier: g NO Error in IMAP command received by server.
    C: g STORE 1 +FLAGS (\\Recent)
    S: g BAD *
  `)
})

differs('27 no keywords', {inbox: mails(1), settings: {keywords: false}}, async (side) => {
  const lines = await told(side, 'SELECT INBOX')
  assert.ok(lines.includes('* OK [PERMANENTFLAGS (\\Draft \\Answered \\Flagged \\Deleted \\Seen)] Limited'))
  await side.imap.transcript(`
    C: a STORE 1 +FLAGS (foo)
    # Courier: a NO Error in IMAP command received by server.
    S: a BAD *
  `)
})

same('28 sets', {inbox: mails(8)}, async (side) => {
  await told(side, 'SELECT INBOX')
  await side.imap.transcript(`
    C: c FETCH * UID
    S: * 8 FETCH (UID 8)
    S: c OK FETCH completed.
  `)
})
differs('28 sets in reverse order and out of range', {inbox: mails(8)}, async (side) => {
  await told(side, 'SELECT INBOX')
  await side.imap.transcript(`
    # Courier: nothing, for a range above all messages (RFC 3501 §6.4.8: "*" is the last message).
    C: a UID FETCH 20:* UID
    S: * 8 FETCH (UID 8)
    S: a OK FETCH completed.
    # Courier: nothing, for a range in reverse order (RFC 3501 §9: the order does not matter).
    C: b FETCH 3:1 UID
    S: * 1 FETCH (UID 1)
    S: * 2 FETCH (UID 2)
    S: * 3 FETCH (UID 3)
    S: b OK FETCH completed.
    # Courier: * NO Invalid message sequence number: 0, then OK.
    C: c FETCH 0 FLAGS
    S: c BAD *
    # Courier: NO Error in IMAP command received by server.
    C: d FETCH 0:1 FLAGS
    S: d BAD *
    # Courier: nothing and OK.
    C: e FETCH 9:* UID
    S: e BAD *
  `)
})

const INNER = 'From: in@ner\nSubject: inner\n\ninner body'
const nested = (end: string) =>
  `MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n\nfoo=3D\n--b\nContent-Type: message/rfc822\n\n${INNER}\n${end}--b--\n`

// Courier: one octet more, a CR, in BODY[2], [2.TEXT] and [2.1].
differs('29 sections', {inbox: [nested(''), nested('\n')]}, async (side) => {
  await told(side, 'SELECT INBOX')
  const sections = async (number: number) => {
    const result: Record<string, string> = {}
    for (const section of ['1', '2', '2.HEADER', '2.TEXT', '2.1', '3', '2.1.MIME']) {
      const [first = ''] = await side.imap.command(`FETCH ${number} BODY.PEEK[${section}]`)
      result[section] = /\{\d+\}/.exec(first)?.[0] ?? first
    }
    return result
  }
  const sizes = {'1': '{6}', '2': '{42}', '2.HEADER': '{32}', '2.TEXT': '{10}', '2.1': '{10}', '3': '{0}', '2.1.MIME': '{2}'}
  assert.equal(await sections(1), sizes)
  assert.equal(await sections(2), {...sizes, '2': '{44}', '2.TEXT': '{12}', '2.1': '{12}'})
})

const LETTER =
  'From: Alice Example <alice@example.com>\nTo: bob@example.org, "Doe, Jane" <jane@example.net>\nSubject: =?utf-8?Q?caf=C3=A9?= test\nDate: Mon, 01 Jan 2024 10:00:00 +0100\nMessage-ID: <one@example.com>\n\nHello\nWorld\n'

same('30 header fields', {inbox: [LETTER]}, async (side) => {
  await told(side, 'SELECT INBOX')
  await side.imap.transcript(`
    C: a FETCH 1 BODY.PEEK[HEADER.FIELDS (SUBJECT "from" X-None)]
    S: * 1 FETCH (BODY[HEADER.FIELDS ("SUBJECT" "from" "X-None")] {80}
    S: From: Alice Example <alice@example.com>
    S: Subject: =?utf-8?Q?caf=C3=A9?= test
    S:
    S: )
    S: a OK FETCH completed.
    C: b FETCH 1 BODY.PEEK[HEADER.FIELDS (SUBJECT "from" X-None)]<0.10>
    S: * 1 FETCH (BODY[HEADER.FIELDS ("SUBJECT" "from" "X-None")]<0> {10}
    S: From: Alic)
    S: b OK FETCH completed.
  `)
})

same('31 partial', {inbox: [`Subject: x\n\n${'y'.repeat(227)}\n`]}, async (side) => {
  await told(side, 'SELECT INBOX')
  await side.imap.transcript(`
    C: a FETCH 1 RFC822.SIZE
    S: * 1 FETCH (RFC822.SIZE 243)
    S: a OK FETCH completed.
    C: b FETCH 1 BODY.PEEK[]<5.7>
    S: * 1 FETCH (BODY[]<5> {7}
    S: ct: x
    S: )
    S: b OK FETCH completed.
    C: c FETCH 1 BODY.PEEK[]<10000.10>
    S: * 1 FETCH (BODY[]<10000> {0}
    S: )
    S: c OK FETCH completed.
  `)
})

same('32 \\Seen', {inbox: [LETTER]}, async (side) => {
  await told(side, 'SELECT INBOX')
  await side.imap.transcript(`
    C: a FETCH 1 BODY[TEXT]<0.5>
    S: * 1 FETCH (BODY[TEXT]<0> {5}
    S: Hello)
    S: * 1 FETCH (FLAGS (\\Seen*))
    S: a OK FETCH completed.
  `)
})
differs('32 RFC822.TEXT sets \\Seen', {inbox: [LETTER]}, async (side) => {
  await told(side, 'SELECT INBOX')
  await side.imap.transcript(`
    C: a FETCH 1 RFC822.TEXT
    S: * 1 FETCH (RFC822.TEXT {14}
    S: Hello
    S: World
    S: )
    # Courier: no FLAGS line, the message stays unseen (RFC 3501 §6.4.5: as BODY[TEXT]).
    S: * 1 FETCH (FLAGS (\\Seen*))
    S: a OK FETCH completed.
  `)
})
same('32 raw 8-bit headers bring an alert, once', {inbox: ['Subject: caf\u00e9\n\nx\n']}, async (side) => {
  await told(side, 'SELECT INBOX')
  const first = await side.imap.command('FETCH 1 BODY[]')
  const alert = first.findIndex((line) => line.startsWith('* OK [ALERT] '))
  assert.ok(alert > 0 && alert < first.findIndex((line) => line.startsWith('* 1 FETCH (FLAGS')), first.join('\n'))
  assert.not.ok((await side.imap.command('FETCH 1 BODY[]')).some((line) => line.includes('ALERT')))
})

same('33 ENVELOPE', {inbox: [LETTER, 'Subject: caf\u00e9 \u20ac\n\nx\n']}, async (side) => {
  await told(side, 'SELECT INBOX')
  await side.imap.transcript(`
    C: a FETCH 1 ENVELOPE
    S: * 1 FETCH (ENVELOPE ("Mon, 01 Jan 2024 10:00:00 +0100" "=?utf-8?Q?caf=C3=A9?= test" (("Alice Example" NIL "alice" "example.com")) (("Alice Example" NIL "alice" "example.com")) (("Alice Example" NIL "alice" "example.com")) ((NIL NIL "bob" "example.org")("Doe, Jane" NIL "jane" "example.net")) NIL NIL NIL "<one@example.com>"))
    S: a OK FETCH completed.
    C: b FETCH 2 ENVELOPE
    S: * 2 FETCH (ENVELOPE (NIL "=?utf-8?B?Y2Fmw6kg4oKs?=" NIL NIL NIL NIL NIL NIL NIL NIL))
    S: b OK FETCH completed.
    C: c ENABLE UTF8=ACCEPT
    S: * ENABLED UTF8=ACCEPT
    S: c OK Options enabled
    C: d FETCH 2 ENVELOPE
    S: * 2 FETCH (ENVELOPE (NIL "caf\xc3\xa9 \xe2\x82\xac" NIL NIL NIL NIL NIL NIL NIL NIL))
    S: d OK FETCH completed.
  `)
})

const SIZES = {'1.a:2,': 'Subject: nonl\n\nno newline', '2.b:2,': '', '3.c:2,': 'Subject: x\r\n\r\nb\r\n', '4.d:2,': 'Subject: x\n'}
same('34 sizes', {inbox: SIZES}, async (side) => {
  await told(side, 'SELECT INBOX')
  await side.imap.transcript(`
    C: a FETCH 1 RFC822.SIZE
    S: * 1 FETCH (RFC822.SIZE 27)
    S: a OK FETCH completed.
    C: b FETCH 1 BODY.PEEK[TEXT]
    S: * 1 FETCH (BODY[TEXT] {10}
    S: no newline)
    S: b OK FETCH completed.
    C: c FETCH 2 RFC822.SIZE
    S: * 2 FETCH (RFC822.SIZE 0)
    S: c OK FETCH completed.
    C: d FETCH 3 RFC822.SIZE
    S: * 3 FETCH (RFC822.SIZE 20)
    S: d OK FETCH completed.
  `)
  assert.match((await side.imap.command('FETCH 3 BODY.PEEK[HEADER]'))[0] ?? '', /\{16\}$/)
})
differs('34 sizes of a header without end', {inbox: SIZES}, async (side) => {
  await told(side, 'SELECT INBOX')
  await side.imap.transcript(`
    C: a FETCH 4 BODY.PEEK[HEADER]
    # Courier: {11}
    S: * 4 FETCH (BODY[HEADER] {12}
    S: Subject: x
    S: )
    S: a OK FETCH completed.
    C: b FETCH 4 BODY.PEEK[TEXT]
    # Courier: {1}
    S: * 4 FETCH (BODY[TEXT] {0}
    S: )
    S: b OK FETCH completed.
  `)
})

same('35 a message that vanished', {inbox: mails(2)}, async (side) => {
  await told(side, 'SELECT INBOX')
  unlinkSync(join(side.path, 'cur', cur(side.path)[1] ?? ''))
  assert.is((await side.imap.command('FETCH 2 BODY[]'))[0], '* 2 FETCH (BODY[] {129}')
  assert.is((await side.imap.command('NOOP'))[0], '* 2 EXPUNGE')
})

same('36 changes of another program', {inbox: {'x:2,': 'Subject: x\n\nx\n'}}, async (side) => {
  await told(side, 'SELECT INBOX')
  renameSync(join(side.path, 'cur/x:2,'), join(side.path, 'cur/x:2,FS'))
  assert.equal((await side.imap.command('FETCH 1 RFC822.SIZE'))[0], '* 1 FETCH (RFC822.SIZE 17)')
  writeFileSync(join(side.path, 'new/y'), 'x\n')
  const lines = await side.imap.command('NOOP')
  assert.ok(lines.includes('* 2 EXISTS'), lines.join('\n'))
  assert.not.ok(lines.some((line) => line.startsWith('* 2 FETCH')))
  assert.match((await side.imap.command('FETCH 1 FLAGS'))[0] ?? '', /^\* 1 FETCH \(FLAGS \(\\Flagged \\Seen( \\Recent)?\)\)$/)
})

same('37 COPY', {inbox: mails(2), folders: ['.s']}, async (side) => {
  for (const name of cur(side.path)) utimesSync(join(side.path, 'cur', name), 837_596_665, 837_596_665)
  await told(side, 'SELECT INBOX')
  await side.imap.transcript(`
    C: a COPY 1:2 INBOX.s
    S: a OK [COPYUID * 1:2 1:2] COPY completed.
    C: b COPY 1 INBOX.none
    S: b NO [TRYCREATE] Mailbox does not exist.
  `)
  await told(side, 'SELECT INBOX.s')
  await side.imap.transcript(`
    C: c FETCH 1 INTERNALDATE
    S: * 1 FETCH (INTERNALDATE "17-Jul-1996 09:44:25 +0000")
    S: c OK FETCH completed.
  `)
})
differs('37 COPY of what is not there, and to no mailbox name', {inbox: mails(2), folders: ['.s']}, async (side) => {
  await told(side, 'SELECT INBOX')
  await side.imap.transcript(`
    # Courier: * NO Invalid message sequence number: 9, then OK.
    C: a COPY 9 INBOX.s
    S: a BAD Error in IMAP command received by server. Invalid message sequence number: 9
    # Courier: b NO Error in IMAP command received by server.
    C: b COPY 1 none
    S: b NO [CANNOT] Invalid mailbox name.
  `)
})

same('38 EXPUNGE', {inbox: mails(4)}, async (side) => {
  await told(side, 'SELECT INBOX')
  await side.imap.command('STORE 1,2 +FLAGS.SILENT (\\Deleted)')
  await side.imap.transcript(`
    C: a EXPUNGE
    S: * 1 EXPUNGE
    S: * 1 EXPUNGE
    S: * 2 EXISTS
    S: * * RECENT
    S: a OK EXPUNGE completed
  `)
  await side.imap.command('STORE 1,2 +FLAGS.SILENT (\\Deleted)')
  await side.imap.transcript(`
    C: b UID EXPUNGE 4
    S: * 2 EXPUNGE
    S: * 1 EXISTS
    S: * * RECENT
    S: b OK EXPUNGE completed
    C: c CLOSE
    S: c OK mailbox closed.
  `)
  assert.equal(cur(side.path), [])
})

const TEN = Object.fromEntries(
  Array.from({length: 10}, (_, number) => [`10000000${number + 10}.M1P1.host:2,S`, 'y'.repeat(number ? 142 : 143)]),
)
const counted = (path: string) => writeFileSync(join(path, 'maildirsize'), '100000S,10C\n        1421           10\n')
same('41 quota', {inbox: TEN, folders: ['.Trash', '.s'], quota: '100000S,10C'}, async (side) => {
  counted(side.path)
  await told(side, 'SELECT INBOX')
  const {imap} = side
  assert.is((await imap.command('GETQUOTA ROOT'))[0], '* QUOTA "ROOT" (STORAGE 2 98 MESSAGE 10 10)')
  assert.match((await imap.command('COPY 1:6 INBOX.s'))[0] ?? '', /^x NO .*You exceeded your mail quota\.$/)
  assert.match((await imap.command('COPY 1:6 INBOX.Trash'))[0] ?? '', /^x OK /)
  await imap.command('STORE 1 +FLAGS (\\Deleted)')
  assert.match((await imap.command('GETQUOTA ROOT'))[0] ?? '', /MESSAGE 9 10/)
  await imap.transcript(`
    C: a SETQUOTA ROOT (STORAGE 5)
    S: a NO *SETQUOTA No permission.
  `)
})
differs(
  '41 no quota',
  {},
  `
    C: a GETQUOTA ROOT
    # Courier: * QUOTA "ROOT" (RFC 2087 §5.1 requires the list).
    S: * QUOTA "ROOT" ()
    S: a OK GETQUOTA Ok.
    C: b GETQUOTA root
    S: * QUOTA "root" ()
    S: b OK GETQUOTA Ok.
  `,
)

examples('46 disableimap', async () => {
  await using server = await imapServer({accountOptions: {disableimap: '1'}})
  const imap = await server.connect()
  await imap.transcript(`
    S: * OK *
    C: a LOGIN alice ${PASSWORD}
    S: a OK LOGIN Ok.
    S: * BYE IMAP access disabled for this account.
    END
  `)
})

examples('47 a sticky home directory', async () => {
  const log = new LogLines()
  const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0]
  const open = accountMail({stores: new Mailstores(storeEnvironment()), files: new NodeFiles(), log, uid, gid, checkOwner: false})
  await using server = await imapServer({
    connection: {openStore: (account) => open(account, {ip: '127.0.0.1', port: 0})},
  })
  chmodSync(server.maildir.home, 0o1700)
  const imap = await server.connect()
  await imap.transcript(`
    S: * OK *
    C: a LOGIN alice ${PASSWORD}
    S: *
    END
  `)
  assert.equal(log.lines, ['imap.locked {"user":"alice","ip":"127.0.0.1","port":0}'])
})

same(
  '49 IDLE',
  {},
  `
    C: b IDLE
    S: + entering idle mode
    C: DONE
    S: b OK IDLE completed
  `,
)
differs(
  '49 IDLE that is ended by something else',
  {},
  `
    C: b IDLE
    S: + entering idle mode
    C: NOOP
    # Courier: b NO Error in IMAP command received by server.
    S: b BAD Error in IMAP command received by server. Expected DONE
  `,
)

differs('50 ID', {settings: {idFields: 0}}, async ({imap, server}) => {
  await imap.transcript(`
    C: a ID ("Name" "Te\\"st")
    # Courier: its own vendor.
    S: * ID ("name" "Courier-IMAP" "vendor" "Courier for Node")
    S: a OK ID completed
    # Courier: NO Error in IMAP command received by server.
    C: b ID (name x)
    S: b BAD *
    C: c ID ("a")
    S: c BAD *
    C: d ID
    S: d BAD *
    # Courier: NO, although RFC 2971 §3.3 allows it.
    C: e ID ()
    S: * ID (*
    S: e OK ID completed
  `)
  assert.match(server.log.lines.find((line) => line.startsWith('imap.id')) ?? '', /"pairs":\[\["Name","Te\\"st"\]\]/)
})
differs(
  '50 ID that is switched off',
  {},
  `
    C: a ID NIL
    # Courier: a NO Error in IMAP command received by server.
    S: a BAD *
  `,
)

same('51 SEARCH', {inbox: [LETTER]}, async (side) => {
  await told(side, 'SELECT INBOX')
  await side.imap.transcript(`
    C: a SEARCH CHARSET UTF-8 SUBJECT "caf\\xc3\\xa9"
    S: * SEARCH 1
    S: a OK SEARCH done.
    C: b SEARCH BODY "hello world"
    S: * SEARCH 1
    S: b OK SEARCH done.
    C: c SEARCH TEXT "subject: caf"
    S: * SEARCH
    S: c OK SEARCH done.
    C: d SEARCH CHARSET FOO ALL
    S: d NO [BADCHARSET*] The requested character set is not supported.
  `)
})
differs('51 SEARCH with keys that are none', {inbox: [LETTER]}, async (side) => {
  await told(side, 'SELECT INBOX')
  await side.imap.transcript(`
    # Courier: nothing (RFC 3501 §9: "*" is the last message).
    C: a SEARCH *
    S: * SEARCH 1
    S: a OK SEARCH done.
    # Courier: NO Error in IMAP command received by server.
    C: b SEARCH
    S: b BAD *
    C: c SEARCH RETURN (ALL) ALL
    S: c BAD *
    # Courier: the same NO (RFC 3501 §9 allows it).
    C: d SEARCH NOT NOT 1
    S: * SEARCH 1
    S: d OK SEARCH done.
  `)
})

const LATE = 'Date: Tue, 02 Jan 2024 23:00:00 -0500\n\nx\n'
differs('52 SENTON takes the date as it is written', {inbox: [LATE]}, async (side) => {
  await told(side, 'SELECT INBOX')
  await side.imap.transcript(`
    # Courier: converts to the time zone of the server first (RFC 3501 §6.4.4: "disregarding time and timezone").
    C: a SEARCH SENTON 2-Jan-2024
    S: * SEARCH 1
    S: a OK SEARCH done.
    C: b SEARCH SENTON 3-Jan-2024
    S: * SEARCH
    S: b OK SEARCH done.
  `)
})

const letter = (subject: string, date: string, fields: string) => `Subject: ${subject}\nDate: ${date} +0000\n${fields}\n\nx\n`
const THREADS = [
  letter('Budget', 'Mon, 1 Jan 2024 10:00:00', 'Message-ID: <m1@x>'),
  letter('Re: budget', 'Mon, 1 Jan 2024 12:00:00', 'Message-ID: <m2@x>\nReferences: <m1@x>'),
  letter('Re: [list] Budget (fwd)', 'Mon, 1 Jan 2024 11:00:00', 'Message-ID: <m3@x>\nReferences: <m1@x>'),
  letter('Lunch', 'Sun, 31 Dec 2023 10:00:00', 'Message-ID: <m4@x>\nReferences: <gone@x>'),
  letter('other', 'Mon, 1 Jan 2024 13:00:00', 'Message-ID: <m5@x>\nReferences: <gone@x>'),
  letter('Fwd: Lunch', 'Mon, 1 Jan 2024 14:00:00', 'Message-ID: <m6@x>'),
  'Subject: nodate\n\nx\n',
  letter('Re: budget', 'Mon, 1 Jan 2024 15:00:00', 'Message-ID: <m8@x>\nIn-Reply-To: <m2@x>'),
]
/** Arrivals long ago, so that a message without a date is first for both. */
const aged = (path: string) => {
  for (const name of cur(path)) utimesSync(join(path, 'cur', name), 1_000_000, 1_000_000)
}
same('53 SORT', {inbox: THREADS}, async (side) => {
  aged(side.path)
  await told(side, 'SELECT INBOX')
  await side.imap.transcript(`
    C: a SORT (DATE) UTF-8 ALL
    S: * SORT 7 4 1 3 2 5 6 8
    S: a OK SORT done.
    C: b SORT (SUBJECT DATE) UTF-8 ALL
    S: * SORT 1 3 2 8 4 6 7 5
    S: b OK SORT done.
  `)
})
differs('53 THREAD', {inbox: THREADS}, async (side) => {
  aged(side.path)
  await told(side, 'SELECT INBOX')
  await side.imap.transcript(`
    C: a THREAD REFERENCES UTF-8 ALL
    # Courier: ((4)(5)(6))(1 (3)(2 8))(7), the undated message last (RFC 5256 §2.2: its arrival counts).
    S: * THREAD (7)((4)(5)(6))(1 (3)(2 8))
    S: a OK THREAD done.
    C: b THREAD ORDEREDSUBJECT UTF-8 ALL
    # Courier: (7)(4 6)(1 3 2 8)(5) (RFC 5256 §3: all later messages are children of the first).
    S: * THREAD (7)(4 6)(1 (3)(2)(8))(5)
    S: b OK THREAD done.
    C: d THREAD REFERENCES UTF-8 NOT ALL
    # Courier: a blank at the end.
    S: * THREAD
    S: d OK THREAD done.
    # Courier: NO Error in IMAP command received by server.
    C: c SORT (DATE REVERSE) UTF-8 ALL
    S: c BAD *
  `)
})

same(
  '54 UTF8 mode',
  {},
  `
    C: a ENABLE X
    S: * ENABLED
    S: a OK Options enabled
    C: b ENABLE UTF8=ACCEPT CONDSTORE
    S: * ENABLED UTF8=ACCEPT
    S: b OK Options enabled
  `,
)
differs('54 UTF8 mode has no charsets', {}, async (side) => {
  await side.imap.command('ENABLE UTF8=ACCEPT')
  await told(side, 'SELECT INBOX')
  await side.imap.transcript(`
    # Courier: a NO CHARSET is not valid in UTF8 mode as per RFC 6855
    C: a SEARCH CHARSET UTF-8 ALL
    S: a BAD *CHARSET is not valid in UTF8 mode as per RFC 6855
    C: b THREAD REFERENCES US-ASCII ALL
    S: b BAD [BADCHARSET*] Only UTF-8 charset is valid after enabling RFC 6855 support
  `)
})

for (const [title, event] of [
  ['LOGOUT', 'imap.logout'],
  ['the end of the connection', 'imap.disconnected'],
] as const) {
  examples(`55 the log line after ${title}`, async () => {
    await using server = await imapServer()
    const imap = await server.login()
    if (title === 'LOGOUT') await imap.command('LOGOUT')
    imap.socket.end()
    await Promise.all(server.sessions)
    const line = server.log.lines.find((found) => found.startsWith(`${event} `)) ?? server.log.lines.join('\n')
    assert.match(line, /"headers":0,"body":0,"rcvd":\d+,"sent":\d+,"seconds":[0-4]\D/)
  })
}

same('56 SELECT waits for the lock of another program', {inbox: mails(1)}, async (side) => {
  const lock = join(side.path, 'tmp/courier.lock')
  writeFileSync(lock, `${process.pid}:${hostname()}`)
  let selected = false
  const selecting = told(side, 'SELECT INBOX').then(() => {
    selected = true
  })
  await new Promise((resolve) => setTimeout(resolve, 300))
  assert.not.ok(selected)
  rmSync(lock)
  await selecting
  assert.not.ok(existsSync(lock))
})

// 57 (taking turns on one mailbox): `test/interop/courier-turns.test.ts`.

examples.run()
