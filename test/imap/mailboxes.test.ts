/** Mailbox commands: the examples of `spec/imap.md` §28 in scope; where RFC 3501 decides otherwise, the test says so. */
import {existsSync, readdirSync, readFileSync, statSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import * as assert from 'uvu/assert'
import {imapServer} from '../support/imap-server.js'
import {suite} from '../support/suite.js'

const mailboxes = suite('IMAP mailboxes')

const TWO = ['Subject: one\n\n1\n', 'Subject: two\n\n2\n']

mailboxes('SELECT tells what RFC 3501 requires, in Courier’s order', async () => {
  await using server = await imapServer({inbox: {'a:2,S': 'x\n', 'b:2,': 'y\n'}})
  const imap = await server.login()
  // Courier leaves UNSEEN and UIDNEXT out (RFC 3501 §6.3.1 requires them).
  await imap.transcript(`
    C: a SELECT INBOX
    S: * FLAGS (\\Draft \\Answered \\Flagged \\Deleted \\Seen \\Recent)
    S: * OK [PERMANENTFLAGS (\\* \\Draft \\Answered \\Flagged \\Deleted \\Seen)] Limited
    S: * 2 EXISTS
    S: * 2 RECENT
    S: * OK [UNSEEN 2] First unseen
    S: * OK [UIDVALIDITY *] Ok
    S: * OK [UIDNEXT 3] Ok
    S: * OK [MYRIGHTS "acdilrsw"] ACL
    S: a OK [READ-WRITE] Ok
  `)
})

mailboxes('EXAMINE is read-only', async () => {
  await using server = await imapServer({inbox: TWO})
  const imap = await server.login()
  // Courier sets \Flagged in a read-only mailbox; RFC 3501 §6.3.2 forbids every change.
  await imap.transcript(`
    C: a EXAMINE INBOX
    S: * FLAGS *
    S: * OK [PERMANENTFLAGS ()] No permanent flags permitted
    S: * 2 EXISTS
    S: * * RECENT
    S: * OK [UNSEEN 1] First unseen
    S: * OK [UIDVALIDITY *
    S: * OK [UIDNEXT *
    S: * OK [MYRIGHTS *
    S: a OK [READ-ONLY] Ok
    C: b STORE 1 +FLAGS (\\Deleted)
    S: b NO Current box is selected READ-ONLY.
    C: c EXPUNGE
    S: c NO Cannot expunge read-only mailbox.
    C: d STORE 1 +FLAGS (\\Flagged)
    S: d NO Current box is selected READ-ONLY.
    C: e MOVE 1 INBOX
    S: e NO Current box is selected READ-ONLY.
    C: f APPEND INBOX {3}
    S: f NO Current box is selected READ-ONLY.
    C: g CLOSE
    S: g OK mailbox closed.
  `)
})

mailboxes('a SELECT that fails leaves the old mailbox', async () => {
  await using server = await imapServer({inbox: TWO})
  const imap = await server.login()
  await imap.command('SELECT INBOX')
  await imap.transcript(`
    C: a SELECT INBOX.nope
    S: a NO [NONEXISTENT] Mailbox does not exist, or must be subscribed to.
    C: b FETCH 1 FLAGS
    S: b BAD Error in IMAP command received by server. FETCH is not possible in this state
    C: c SELECT
    S: c BAD *
    C: d SELECT INBOX x
    S: d BAD *
    C: e SELECT foo
    S: e NO [NONEXISTENT] Mailbox does not exist, or must be subscribed to.
  `)
})

mailboxes('STATUS in all forms', async () => {
  await using server = await imapServer({inbox: TWO, folders: ['.a']})
  writeFileSync(join(server.maildir.path, '.a/new/1000000009.M1P1.host'), 'x\n')
  const imap = await server.login()
  await imap.transcript(`
    C: a STATUS INBOX MESSAGES
    S: * STATUS "INBOX" (MESSAGES 2)
    S: a OK STATUS Completed.
    C: b STATUS INBOX (UNSEEN FOO MESSAGES)
    S: * STATUS "INBOX" (MESSAGES 2 UNSEEN 2)
    S: b OK STATUS Completed.
    C: c STATUS inbox(UIDNEXT)
    S: * STATUS "inbox" (UIDNEXT 3)
    S: c OK STATUS Completed.
    C: d STATUS INBOX ()
    S: * STATUS "INBOX" ()
    S: d OK STATUS Completed.
    C: e STATUS INBOX.a (UIDNEXT RECENT MESSAGES UNSEEN)
    S: * STATUS "INBOX.a" (MESSAGES 1 RECENT 1 UIDNEXT 2 UNSEEN 1)
    S: e OK STATUS Completed.
    C: f STATUS INBOX.none (MESSAGES)
    S: f NO [NONEXISTENT] Mailbox does not exist, or must be subscribed to.
    C: g STATUS {5}
    S: + OK
    C: INBOX (MESSAGES)
    S: * STATUS "INBOX" (MESSAGES 2)
    S: g OK STATUS Completed.
    C: h STATUS {5+}
    C: INBOX (MESSAGES)
    S: * STATUS "INBOX" (MESSAGES 2)
    S: h OK STATUS Completed.
    C: i STATUS INBOX
    S: i BAD *
  `)
  assert.equal(readdirSync(join(server.maildir.path, '.a/new')).length, 1)
})

mailboxes('CREATE and its refusals', async () => {
  await using server = await imapServer()
  const imap = await server.login()
  await imap.transcript(`
    C: a CREATE INBOX.a.b
    S: a OK "INBOX.a.b" created.
    C: b CREATE INBOX.a.b
    S: b NO [ALREADYEXISTS] Cannot create this folder.
    C: c CREATE INBOX
    S: c NO [ALREADYEXISTS] INBOX already exists!
    C: c2 CREATE inbox.
    S: c2 NO [ALREADYEXISTS] INBOX already exists!
    C: d CREATE foo
    S: d NO [CANNOT] Invalid mailbox name.
    C: e CREATE INBOX.x.
    S: e OK "INBOX.x." created.
    C: f CREATE "INBOX.a/b"
    S: f NO [CANNOT] Invalid mailbox name.
    C: f2 CREATE "INBOX.a..b"
    S: f2 NO [CANNOT] Invalid mailbox name.
    C: f3 CREATE "INBOX.&AAEAAg-"
    S: f3 NO [CANNOT] Invalid mailbox name.
    C: f4 CREATE "INBOX.&2Dzf1Q-"
    S: f4 NO [CANNOT] Invalid mailbox name.
    C: g CREATE shared.x
    S: g NO [NOPERM] Access denied for CREATE on shared.x (ACL "c" required)
    C: h CREATE "INBOX.bad&zz"
    S: h BAD *
    C: i CREATE "#shared.bob.new"
    S: i NO [NOPERM] Access denied for CREATE on #shared.bob.new (ACL "c" required)
    C: j CREATE
    S: j BAD *
  `)
  const folder = join(server.maildir.path, '.a.b')
  assert.ok(['cur', 'new', 'tmp', 'maildirfolder', 'courierimapuiddb'].every((name) => existsSync(join(folder, name))))
  assert.equal(statSync(join(folder, 'maildirfolder')).size, 0)
  assert.match(readFileSync(join(folder, 'courierimapuiddb'), 'utf8'), /^1 \d+ 1\n$/)
  assert.not.ok(existsSync(join(server.maildir.path, '.x')))
})

mailboxes('names travel as modified UTF-7, after ENABLE as UTF-8', async () => {
  await using server = await imapServer({folders: ['.ctl\x01']})
  const imap = await server.login()
  await imap.transcript(`
    C: a CREATE "INBOX.caf&AOk-"
    S: a OK "INBOX.caf&AOk-" created.
    C: b LIST "" INBOX.caf*
    S: * LIST (\\HasNoChildren) "." "INBOX.caf&AOk-"
    S: b OK LIST completed
    C: c LIST "" INBOX.ctl*
    S: * LIST (\\HasNoChildren) "." "INBOX.ctl&AAE-"
    S: c OK LIST completed
    C: d SELECT "INBOX.caf\\xc3\\xa9"
    S: d BAD *
    C: e ENABLE X
    S: * ENABLED
    S: e OK Options enabled
    C: f ENABLE UTF8=ACCEPT CONDSTORE
    S: * ENABLED UTF8=ACCEPT
    S: f OK Options enabled
    C: g LIST "" INBOX.caf*
    S: * LIST (\\HasNoChildren) "." "INBOX.caf\xc3\xa9"
    S: g OK LIST completed
    C: h SELECT "INBOX.caf&AOk-"
    S: h NO [NONEXISTENT] *
    C: i STATUS "INBOX.caf\\xc3\\xa9" (MESSAGES)
    S: * STATUS "INBOX.caf\xc3\xa9" (MESSAGES 0)
    S: i OK STATUS Completed.
    C: j SELECT "INBOX.caf\\xe9"
    S: j BAD *
    C: k CREATE "INBOX.\\xf0\\x9f\\x8f\\x95"
    S: k OK "INBOX.????" created.
  `)
  assert.ok(existsSync(join(server.maildir.path, '.café')))
  // Without UTF-8 mode the name comes as a surrogate pair and can be used.
  const other = await server.login()
  await other.transcript(`
    C: a LIST "" "INBOX.&2Dzf1Q-"
    S: * LIST (\\HasNoChildren) "." "INBOX.&2Dzf1Q-"
    S: a OK LIST completed
    C: b STATUS "INBOX.&2Dzf1Q-" (MESSAGES)
    S: * STATUS "INBOX.&2Dzf1Q-" (MESSAGES 0)
    S: b OK STATUS Completed.
  `)
})

mailboxes('LIST as Courier lists', async () => {
  await using server = await imapServer({folders: ['.a.b', '.Sent']})
  const imap = await server.login()
  await imap.transcript(`
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
    C: d LIST "" INBOX.%.%
    S: * LIST (\\HasNoChildren) "." "INBOX.a.b"
    S: d OK LIST completed
    C: e LIST "INBOX.a" ""
    S: * LIST (\\Noselect \\HasChildren) "." ""
    S: e OK LIST completed
    C: f LIST foo "*"
    S: f OK LIST completed
    C: g LIST "" "***********"
    S: g NO [LIMIT] Invalid argument
    C: h LIST "#shared." "%"
    S: h OK LIST completed
    C: i LIST INBOX ""
    S: * LIST (\\Unmarked \\HasChildren) "." ""
    S: i OK LIST completed
    C: j LIST "INBOX.none" ""
    S: * LIST (\\Noselect) "." ""
    S: j OK LIST completed
    C: k LIST "" "INBOX.A.%"
    S: k OK LIST completed
    C: l LIST inbox. sent
    S: l OK LIST completed
    C: m LIST INBOX. Sent
    S: * LIST (\\HasNoChildren) "." "INBOX.Sent"
    S: m OK LIST completed
    C: n LIST "" "**********"
    S: * LIST (\\Unmarked \\HasChildren) "." "INBOX"
    S: * LIST (\\HasNoChildren) "." "INBOX.*"
    S: * LIST (\\HasNoChildren) "." "INBOX.*"
    S: * LIST (\\Noselect \\HasChildren) "." "INBOX.a"
    S: n OK LIST completed
    C: o LIST "" "&bad"
    S: o BAD *
    C: p LIST ""
    S: p BAD *
  `)
  server.maildir.put('5.x:2,', 'x\n', 'cur')
  assert.equal((await imap.command('LIST "" INBOX'))[0], '* LIST (\\Marked \\HasChildren) "." "INBOX"')
})

mailboxes('LIST for old clients and with marks for all folders', async () => {
  await using server = await imapServer({folders: ['.a'], settings: {obsoleteClient: true, checkAllFolders: true}})
  server.maildir.put('5.x:2,', 'x\n', '.a/cur')
  const imap = await server.login()
  assert.equal(await imap.command('LIST "" *'), [
    '* LIST (\\Unmarked) "." "INBOX"',
    '* LIST (\\Marked \\Noinferiors) "." "INBOX.a"',
    'x OK LIST completed',
  ])
})

mailboxes('subscriptions', async () => {
  await using server = await imapServer()
  const imap = await server.login()
  for (const name of ['INBOX', 'INBOX.nope.x', 'inbox', '"#shared.foo"', '"INBOX.caf&AOk-"']) {
    assert.equal(await imap.command(`SUBSCRIBE ${name}`), ['x OK Folder subscribed.'])
  }
  assert.equal(readFileSync(join(server.maildir.path, 'courierimapsubscribed'), 'utf8'), 'INBOX\nINBOX.nope.x\n#shared.foo\nINBOX.café\n')
  await imap.transcript(`
    C: a LSUB "" *
    S: * LSUB (\\Unmarked \\HasChildren) "." "INBOX"
    S: * LSUB (\\HasNoChildren) "." "INBOX.nope.x"
    S: * LSUB (\\HasNoChildren) "." "INBOX.caf&AOk-"
    S: * LSUB (\\Noselect \\HasChildren) "." "INBOX.nope"
    S: a OK LSUB completed
    C: b SUBSCRIBE foo
    S: b NO [CANNOT] Invalid mailbox name.
    C: c SUBSCRIBE INBOX.x.
    S: c OK Folder directory subscribe punted.
    C: d UNSUBSCRIBE INBOX.nope.x
    S: d OK Folder unsubscribed.
    C: e UNSUBSCRIBE INBOX.nope.x
    S: e OK Folder unsubscribed.
    C: f LSUB "" INBOX.%
    S: * LSUB (\\HasNoChildren) "." "INBOX.caf&AOk-"
    S: f OK LSUB completed
    C: g SUBSCRIBE "INBOX.x&AAoACg-"
    S: g NO [CANNOT] Invalid mailbox name.
  `)
})

mailboxes('DELETE', async () => {
  await using server = await imapServer({folders: ['.a', '.a.b', '.Trash'], inbox: TWO})
  const imap = await server.login()
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
  assert.equal(readdirSync(join(server.maildir.path, 'cur')).length, 2)
  assert.not.ok(existsSync(join(server.maildir.path, '.a')))
  assert.ok(existsSync(join(server.maildir.path, '.a.b')))
  await imap.command('SELECT INBOX.a.b')
  assert.equal(await imap.command('DELETE INBOX.a.b'), ['x NO [INUSE] Cannot delete currently-open folder.'])
})

mailboxes('RENAME', async () => {
  await using server = await imapServer({folders: ['.z.b', '.other', '.Trash']})
  const imap = await server.login()
  const uidValidity = async (name: string) => (await imap.command(`STATUS ${name} (UIDVALIDITY)`))[0]?.replace(/.*UIDVALIDITY /, '')
  const before = await uidValidity('INBOX.z.b')
  // Courier answers OK for a mailbox that does not exist; RFC 3501 §6.3.5 calls it an error.
  await imap.transcript(`
    C: a RENAME INBOX.z INBOX.y
    S: a OK Folder renamed.
    C: b RENAME INBOX INBOX.q
    S: b NO [CANNOT] INBOX rename not implemented.
    C: c RENAME INBOX.y INBOX
    S: c NO [CANNOT] INBOX rename not implemented.
    C: d RENAME INBOX.y.b INBOX.y.b.c
    S: d NO [CANNOT] RENAME failed: Invalid argument
    C: e RENAME INBOX.y.b INBOX.other
    S: e NO [ALREADYEXISTS] RENAME failed: File exists
    C: f RENAME INBOX.none INBOX.none2
    S: f NO [NONEXISTENT] Mailbox does not exist, or must be subscribed to.
    C: g RENAME INBOX.Trash INBOX.t
    S: g NO [CANNOT] Reserved folder name - cannot rename.
    C: h RENAME foo INBOX.t
    S: h NO [CANNOT] Invalid mailbox name.
    C: i RENAME INBOX.other "INBOX.a/b"
    S: i NO [CANNOT] Invalid mailbox name.
  `)
  assert.ok(existsSync(join(server.maildir.path, '.y.b')))
  assert.is.not(await uidValidity('INBOX.y.b'), before)
  await imap.command('SELECT INBOX.y.b')
  assert.equal(await imap.command('RENAME INBOX.y INBOX.w'), ["x NO [INUSE] Can't RENAME the currently-open folder"])
})

mailboxes('NAMESPACE and quota', async () => {
  await using server = await imapServer({inbox: TWO, quota: '100000S,10C'})
  const imap = await server.login()
  await imap.transcript(`
    C: a NAMESPACE
    S: * NAMESPACE (("INBOX." ".")) NIL (("#shared." ".")("shared." "."))
    S: a OK NAMESPACE completed.
    C: c GETQUOTA root
    S: * QUOTA "root" ()
    S: c OK GETQUOTA Ok.
    C: d SETQUOTA ROOT (STORAGE 5)
    S: d NO [NOPERM] SETQUOTA No permission.
    C: e GETQUOTAROOT nope
    S: e NO [CANNOT] Invalid mailbox name.
    C: f GETQUOTAROOT "&bad"
    S: f NO [CANNOT] Invalid mailbox name.
    C: g GETQUOTAROOT INBOX.some
    S: * QUOTAROOT "INBOX.some" "ROOT"
    S: * QUOTA "ROOT" (*)
    S: g OK GETQUOTAROOT Ok.
  `)
})

mailboxes('ID', async () => {
  await using server = await imapServer({settings: {idFields: 1}})
  const imap = await server.login()
  await imap.transcript(`
    C: a ID ("Name" "Te\\"st" "v" NIL)
    S: * ID ("name" "Courier-IMAP" "version" "1.2.3" "vendor" "Courier for Node")
    S: a OK ID completed
    C: b ID NIL
    S: * ID (*
    S: b OK ID completed
    C: c ID (name x)
    S: c BAD *
    C: d ID ("a")
    S: d BAD *
    C: e ID
    S: e BAD *
  `)
  assert.match(server.log.lines.find((line) => line.startsWith('imap.id')) ?? '', /"pairs":\[\["Name","Te\\"st"\],\["v","\(nil\)"\]\]/)
  await using without = await imapServer()
  assert.match((await (await without.login()).command('ID NIL'))[0] ?? '', /^x BAD/)
})

mailboxes.run()
