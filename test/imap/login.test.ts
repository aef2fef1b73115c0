import {Duplex} from 'node:stream'
import * as assert from 'uvu/assert'
import {Fault} from '../../src/support/fault.js'
import {ImapServer, imapServer} from '../support/imap-server.js'
import {suite} from '../support/suite.js'

const login = suite('IMAP login')

login('greets with the capabilities in Courier’s order', async () => {
  await using server = await imapServer()
  const imap = await server.connect()
  await imap.transcript(`
    S: * OK [CAPABILITY IMAP4rev1 UIDPLUS CHILDREN NAMESPACE THREAD=ORDEREDSUBJECT THREAD=REFERENCES SORT QUOTA IDLE LITERAL+ SASL-IR UNSELECT MOVE ENABLE UTF8=ACCEPT] Courier-IMAP ready.
    C: a CAPABILITY
    S: * CAPABILITY IMAP4rev1 *
    S: a OK CAPABILITY completed
    C: b NOOP
    S: b OK NOOP completed
    C: c LOGIN alice secret
    S: c OK LOGIN Ok.
    C: d CAPABILITY
    S: * CAPABILITY IMAP4rev1 UIDPLUS CHILDREN NAMESPACE THREAD=ORDEREDSUBJECT THREAD=REFERENCES SORT QUOTA IDLE LITERAL+ UNSELECT MOVE ENABLE UTF8=ACCEPT
    S: d OK CAPABILITY completed
    C: e LOGOUT
    S: * BYE Courier-IMAP server shutting down
    S: e OK LOGOUT completed
    END
  `)
  imap.socket.end()
  await Promise.all(server.sessions)
  const lines = server.log.lines.filter((line) => line.startsWith('imap.'))
  assert.match(lines[0] ?? '', /^imap\.login .*"user":"alice","protocol":"IMAP","tls":false/)
  assert.match(lines[1] ?? '', /^imap\.logout .*"headers":0,"body":0,"rcvd":\d+,"sent":\d+,"seconds":0/)
})

login('a configured capability string is sent word for word', async () => {
  await using server = await imapServer({settings: {capability: 'IMAP4rev1 FOO', idFields: 0, tlsRequired: true}})
  const imap = await server.connect()
  await imap.transcript('S: * OK [CAPABILITY IMAP4rev1 FOO ID LOGINDISABLED ENABLE UTF8=ACCEPT] Courier-IMAP ready.')
})

login('words can be added to and hidden from the automatic ones', async () => {
  await using server = await imapServer({settings: {capabilityExtra: ['XFOO'], capabilityHide: ['move', 'LITERAL+']}})
  const imap = await server.connect()
  const [line] = [await imap.lines.line()]
  assert.match(line ?? '', / UNSELECT ENABLE UTF8=ACCEPT XFOO\]/)
  assert.not.match(line ?? '', /MOVE|LITERAL/)
})

login('refuses wrong passwords with one text at one time', async () => {
  await using server = await imapServer({settings: {failedLoginMs: 150}})
  const imap = await server.connect()
  await imap.lines.line()
  for (const command of [
    'LOGIN foo bar',
    'LOGIN alice wrong',
    'LOGIN "a\\x01b" x',
    'AUTHENTICATE FOO',
    'AUTHENTICATE PLAIN AGZvbwBiYXI=',
  ]) {
    const began = performance.now()
    await imap.transcript(`
      C: a ${command}
      S: a NO [AUTHENTICATIONFAILED] Login failed.
    `)
    assert.ok(performance.now() - began >= 145, command)
  }
  assert.equal(server.auth.checks, 3)
  const failures = server.log.lines.filter((line) => line.startsWith('imap.login-failed'))
  assert.match(failures[0] ?? '', /"ip":"::ffff:192\.0\.2\.9","port":999,"user":"foo"/)
  assert.match(failures[3] ?? '', /"method":"FOO"/)
})

login('takes names and passwords as atoms, quoted strings and literals', async () => {
  for (const dialogue of [
    'C: a LOGIN "alice" "secret"',
    'C: a LOGIN alice {6}\nS: + OK\nC: secret',
    'C: a LOGIN {5}\nS: + OK\nC: alice {6}\nS: + OK\nC: secret',
    'C: a LOGIN {5+}\\r\\nalice {6+}\\r\\nsecret',
    'C: a login  alice\tsecret ',
  ]) {
    await using server = await imapServer()
    const imap = await server.connect()
    await imap.transcript(`S: * OK *\n${dialogue}\nS: a OK LOGIN Ok.`)
  }
})

login('AUTHENTICATE speaks PLAIN and LOGIN, with and without an initial response', async () => {
  for (const dialogue of [
    'C: a AUTHENTICATE PLAIN AGFsaWNlAHNlY3JldA==',
    'C: a AUTHENTICATE PLAIN\nS: + \nC: AGFsaWNlAHNlY3JldA==',
    'C: a authenticate login\nS: + VXNlcm5hbWU6\nC: YWxpY2U=\nS: + UGFzc3dvcmQ6\nC: c2VjcmV0',
    'C: a AUTHENTICATE LOGIN YWxpY2U=\nS: + UGFzc3dvcmQ6\nC: c2VjcmV0',
  ]) {
    await using server = await imapServer()
    const imap = await server.connect()
    await imap.transcript(`S: * OK *\n${dialogue}\nS: a OK LOGIN Ok.`)
  }
})

login('AUTHENTICATE can be cancelled, and must be base64', async () => {
  await using server = await imapServer()
  const imap = await server.connect()
  await imap.transcript(`
    S: * OK *
    C: a AUTHENTICATE PLAIN
    S: +\x20
    C: *
    S: a BAD AUTHENTICATE cancelled.
    C: b AUTHENTICATE PLAIN ====
    S: b BAD Login failed.
    C: c AUTHENTICATE PLAIN =
    S: c NO [AUTHENTICATIONFAILED] Login failed.
    C: d AUTHENTICATE
    S: d BAD *
  `)
})

login('an account source that does not answer ends the session without "wrong password"', async () => {
  await using server = await imapServer()
  const imap = await server.connect()
  await imap.transcript(`
    S: * OK *
    C: a LOGIN broken secret
    S: * BYE [UNAVAILABLE] Temporary problem, please try again later
    END
  `)
})

login('needs TLS where the configuration says so', async () => {
  await using server = await imapServer({settings: {tlsRequired: true}, connection: {startTls: () => Promise.reject(new Error('none'))}})
  const imap = await server.connect()
  await imap.transcript(`
    S: * OK [CAPABILITY * STARTTLS LOGINDISABLED ENABLE UTF8=ACCEPT] *
    C: b LOGIN x y
    S: b NO [PRIVACYREQUIRED] STARTTLS required
    C: c AUTHENTICATE PLAIN
    S: c NO [PRIVACYREQUIRED] STARTTLS required
  `)
  assert.equal(server.auth.checks, 0)
})

login('what comes with STARTTLS in clear is thrown away', async () => {
  // What is "encrypted" here is the socket itself, so what was kept would be answered.
  await using server = await imapServer({startTls: (socket) => Duplex.from({readable: socket, writable: socket})})
  const imap = await server.connect()
  await imap.transcript(`
    S: * OK [CAPABILITY * STARTTLS ENABLE UTF8=ACCEPT] *
    C: a STARTTLS\\r\\nb LOGIN alice secret
    S: a OK Begin SSL/TLS negotiation now.
    C: c CAPABILITY
    S: * CAPABILITY * AUTH=PLAIN UNSELECT MOVE ENABLE UTF8=ACCEPT
    S: c OK CAPABILITY completed
    C: d STARTTLS
    S: d BAD *
    C: e LOGIN alice secret
    S: e OK LOGIN Ok.
  `)
  assert.equal(server.auth.checks, 1)
})

login('the whole login has a deadline, after which the connection ends without a word', async () => {
  await using server = await imapServer({connection: {loginMs: 60}})
  const imap = await server.connect()
  await imap.transcript(`
    S: * OK *
    C: a NOOP
    S: a OK NOOP completed
    END
  `)
})

login('bytes after LOGIN in the same packet are kept', async () => {
  await using server = await imapServer()
  const imap = await server.connect()
  await imap.transcript(`
    S: * OK *
    C: a LOGIN alice secret\\r\\nb NOOP\\r\\nc SELECT INBOX\\r\\nd LOGOUT
    S: a OK LOGIN Ok.
    S: b OK NOOP completed
    S: * FLAGS *
    S: * OK [PERMANENTFLAGS *
    S: * 0 EXISTS
    S: * 0 RECENT
    S: * OK [UIDVALIDITY *
    S: * OK [UIDNEXT 1] Ok
    S: * OK [MYRIGHTS "acdilrsw"] ACL
    S: c OK [READ-WRITE] Ok
    S: * BYE *
    S: d OK LOGOUT completed
    END
  `)
})

const DISABLED = `
  S: * OK *
  C: a LOGIN alice secret
  S: a OK LOGIN Ok.
  S: * BYE IMAP access disabled for this account.
  END
`

login('disabled accounts see OK, then BYE', async () => {
  await using server = await imapServer({accountOptions: {disableimap: '1'}})
  const imap = await server.connect()
  await imap.transcript(DISABLED)
})

login('a disabled account is told so, whatever its Maildir is like', async () => {
  const openStore = () => Promise.reject(new Fault('no-such-mailbox', 'There is no Maildir'))
  await using server = await imapServer({accountOptions: {disableimap: '1'}, connection: {openStore}})
  const imap = await server.connect()
  await imap.transcript(DISABLED)
})

login('PREAUTH needs no login', async () => {
  const outer = new ImapServer({})
  await using server = await new ImapServer({connection: {preauth: outer.account}}).start()
  const imap = await server.connect()
  await imap.transcript(`
    S: * PREAUTH Ready.
    C: a LOGIN alice secret
    S: a BAD Error in IMAP command received by server. LOGIN is not possible in this state
    C: b SELECT INBOX
    S: * FLAGS *
    S: * OK *
    S: * 0 EXISTS
    S: * 0 RECENT
    S: * OK *
    S: * OK *
    S: * OK *
    S: b OK [READ-WRITE] Ok
  `)
  await outer[Symbol.asyncDispose]()
})

login.run()
