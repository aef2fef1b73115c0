/** Whatever a client sends: the right answer, a session in step, other sessions unaffected. */
import {rmSync} from 'node:fs'
import {join} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import * as assert from 'uvu/assert'
import {defineVerb} from '../../src/imap/verb.js'
import {VERBS} from '../../src/imap/verbs/registry.js'
import {imapServer} from '../support/imap-server.js'
import {suite} from '../support/suite.js'

const badInput = suite('IMAP bad input')

const MAILS = ['Subject: 1\n\n1\n', 'Subject: 2\n\n2\n']

badInput('unknown commands, wrong states and empty lines are BAD', async () => {
  await using server = await imapServer()
  const imap = await server.login()
  // Courier says NO (`spec/imap.md` §4.6).
  await imap.transcript(`
    C: a FOO
    S: a BAD Error in IMAP command received by server. Unknown command
    C:
    S: * BAD Error in IMAP command received by server. Expected a tag at octet 0
    C: b FETCH 1 FLAGS
    S: b BAD *
    C: c LOGIN alice secret
    S: c BAD *
    C: d STARTTLS
    S: d BAD *
    C: (x) NOOP
    S: * BAD *
    C: * NOOP
    S: * BAD *
    C: + NOOP
    S: * BAD *
    C: e
    S: e BAD *
    C: f NOOP
    S: f OK NOOP completed
    C: g UID NOOP
    S: g BAD *
    C: h UID
    S: h BAD *
    C: i NOOP x
    S: i BAD *
    C: a+b  noop\t
    S: a+b OK NOOP completed
  `)
})

badInput('ten violations in a row end the session', async () => {
  await using server = await imapServer()
  const imap = await server.login()
  for (let i = 1; i <= 9; i++) assert.match((await imap.command('X'))[0] ?? '', /^x BAD/)
  await imap.command('NOOP')
  for (let i = 1; i <= 9; i++) assert.match((await imap.command('X'))[0] ?? '', /^x BAD/)
  await imap.transcript(`
    C: n X
    S: * BYE [ALERT] Fatal error: TOO MANY CONSECUTIVE PROTOCOL VIOLATIONS:\x20
    END
  `)
})

for (const [line, reason] of [
  ['SELECT "INBOX', 'no closing quote'],
  ['SELECT "INBOX" "', 'a quote that begins nothing'],
  ['SELECT IN"BOX', 'a quote in an atom'],
  ['SELECT "IN\\0BOX"', 'NUL'],
  ['SELECT "INBOX.\\xff"', 'not UTF-8'],
  ['SELECT INBOX.\\xc3\\xa9', '8-bit in an atom'],
  ['SELECT "INBOX.&"', 'lone &'],
  ['SELECT "INBOX.&AOk"', 'base64 not closed'],
  ['SELECT "INBOX.&A/k-"', 'wrong alphabet'],
  ['SELECT "INBOX.&2DwA-"', 'half a surrogate pair'],
  ['SELECT "INBOX.&AAA-"', 'NUL in base64'],
  ['SELECT {3}x', 'text after a literal marker'],
  ['SELECT "x {5}', 'a literal inside an open quote'],
  ['STORE 0 FLAGS ()', 'message numbers start at 1'],
  ['STORE 01 FLAGS ()', 'leading zero'],
  ['STORE 1: FLAGS ()', 'no end of the range'],
  ['STORE 1,, FLAGS ()', 'empty element'],
  ['STORE , FLAGS ()', 'nothing'],
  ['STORE 1:2:3 FLAGS ()', 'two colons'],
  ['STORE 4294967296 FLAGS ()', 'too large'],
  ['STORE 99999999999999999999999999 FLAGS ()', 'much too large'],
  ['STORE 3 FLAGS ()', 'more than there are'],
  ['STORE 1:3 FLAGS ()', 'more than there are'],
  ['STORE a FLAGS ()', 'no number'],
  ['STORE 1 FLAGS (', 'list not closed'],
  ['STORE 1 FLAGS (\\Seen', 'list not closed'],
  ['STORE 1 FLAGS ("x")', 'quoted keyword'],
  ['STORE 1 FLAGS (a(b))', 'a list in a list'],
  ['STORE 1 FLAGS (\\Foo)', 'unknown system flag'],
  ['STORE 1 FLAGS (\\Seen) x', 'something behind'],
  ['STORE 1 FLAGS (x%y)', 'a character that keywords cannot have'],
  [`STORE 1 FLAGS (${'k'.repeat(256)})`, 'keyword too long'],
  ['LIST "" (', 'a list as pattern'],
  ['STATUS INBOX (MESSAGES', 'list not closed'],
  ['STATUS INBOX ("MESSAGES")', 'quoted item'],
  ['GETQUOTA', 'no argument'],
  ['ENABLE', 'no argument'],
  ['RENAME INBOX.a', 'one name'],
] as const) {
  badInput(`${line.slice(0, 50)} is BAD: ${reason}`, async () => {
    await using server = await imapServer({inbox: MAILS})
    const imap = await server.login()
    await imap.command('SELECT INBOX')
    await imap.transcript(`
      C: a ${line.replaceAll('\\Seen', '\\x5cSeen')}
      S: a BAD *
      C: b NOOP
      S: b OK NOOP completed
    `)
  })
}

for (const name of [
  '../x',
  'INBOX/../../etc',
  'INBOX.../etc',
  '/etc/passwd',
  'INBOX..a',
  '.',
  '..',
  'INBOX.a/b',
  `INBOX.${'x'.repeat(300)}`,
]) {
  badInput(`the name ${name.slice(0, 30)} stays outside`, async () => {
    await using server = await imapServer()
    const imap = await server.login()
    for (const command of ['SELECT', 'EXAMINE', 'CREATE', 'DELETE', 'SUBSCRIBE']) {
      const [answer] = await imap.command(`${command} "${name}"`)
      assert.match(answer ?? '', /^x (NO|OK Folder directory \w+ punted)/, command)
    }
    assert.match((await imap.command(`RENAME "${name}" INBOX.z`))[0] ?? '', /^x NO/)
    assert.match((await imap.command(`STATUS "${name}" (MESSAGES)`))[0] ?? '', /^x NO/)
  })
}

badInput('lines that are too long are BAD, with their literal', async () => {
  await using server = await imapServer()
  const imap = await server.connect()
  await imap.lines.line()
  await imap.send(`a LOGIN ${'x'.repeat(9000)} y\r\nb NOOP\r\n`)
  await imap.transcript(`
    S: a BAD Error in IMAP command received by server. IMAP command too long
    S: b OK NOOP completed
    C: c LOGIN alice secret
    S: c OK LOGIN Ok.
  `)
  await imap.send(`d SELECT "${'x'.repeat(70_000)}" {8+}\r\nx NOOP\r\n\r\ne NOOP\r\n`)
  await imap.send(`f SELECT "${'x'.repeat(60_000)}"\r\ng NOOP\r\n`)
  await imap.transcript(`
    S: d BAD Error in IMAP command received by server. IMAP command too long
    S: e OK NOOP completed
    S: f NO [NONEXISTENT] *
    S: g OK NOOP completed
  `)
})

badInput('literals that are too large are refused when they are announced', async () => {
  await using server = await imapServer()
  const imap = await server.login()
  await imap.transcript(`
    C: a SELECT {70000}
    S: a BAD Error in IMAP command received by server. IMAP command too long
    C: b SELECT {99999999999999999999}
    S: b BAD *
    C: c NOOP
    S: c OK NOOP completed
    C: d SELECT {999999999999+}
    S: * BYE [ALERT] *
    END
  `)
  await using before = await server.connect()
  await before.transcript(`
    S: * OK *
    C: a LOGIN {9000}
    S: a BAD *
    C: b LOGIN {3}
    S: + OK
    C: bob {20000}
    S: b BAD *
  `)
})

badInput('many literals in one command have a limit together', async () => {
  await using server = await imapServer()
  const imap = await server.login()
  const part = `{60000+}\r\n${'x'.repeat(60_000)} `
  await imap.send(`a SEARCH ${`SUBJECT ${part}`.repeat(6)}\r\nb NOOP\r\n`)
  await imap.transcript(`
    S: a BAD *
    S: b OK NOOP completed
  `)
})

badInput('octets that come one by one and commands that come together are the same', async () => {
  await using server = await imapServer({inbox: MAILS})
  const imap = await server.login()
  const dialogue = 'a SELECT {5}\r\nINBOX\r\nb STATUS "INBOX" (MESSAGES)\r\nc APPEND INBOX {3}\r\nabc\r\nd NOOP\r\n'
  for (const octet of dialogue.replaceAll('}', '+}')) {
    await imap.send(octet)
    await sleep(0)
  }
  const expected = `
    S: * FLAGS *
    S: * OK *
    S: * 2 EXISTS
    S: * * RECENT
    S: * OK *
    S: * OK *
    S: * OK *
    S: * OK *
    S: a OK *
    S: * STATUS "INBOX" (MESSAGES 2)
    S: b OK STATUS Completed.
    S: * 3 EXISTS
    S: * * RECENT
    S: c OK *
    S: d OK NOOP completed
  `
  await imap.transcript(expected)
  await using other = await server.login()
  await other.send(dialogue.replaceAll('}', '+}'))
  await other.transcript(
    expected.replaceAll('3 EXISTS', '4 EXISTS').replaceAll('2 EXISTS', '3 EXISTS').replaceAll('MESSAGES 2', 'MESSAGES 3'),
  )
})

badInput('a client that half-closes after its last command gets its answers', async () => {
  await using server = await imapServer({inbox: MAILS})
  const imap = await server.login()
  imap.socket.end('a STATUS INBOX (MESSAGES)\r\nb NOOP\r\nc half a li')
  await imap.transcript(`
    S: * STATUS "INBOX" (MESSAGES 2)
    S: a OK STATUS Completed.
    S: b OK NOOP completed
    END
  `)
  await Promise.all(server.sessions)
  assert.ok(server.log.lines.some((line) => line.startsWith('imap.disconnected') && line.includes('"user":"alice"')))
})

badInput('an exception in a verb is logged and ends only its session', async () => {
  const broken = defineVerb({
    name: 'BROKEN',
    state: 'any',
    read: (line) => line.end(),
    run: () => {
      throw new TypeError('a bug')
    },
  })
  const server = await imapServer({connection: {verbs: [...VERBS, broken]}})
  const other = await server.login()
  const imap = await server.login()
  await imap.transcript(`
    C: a BROKEN
    S: * BYE [SERVERBUG] Internal server error, the session ends
    END
  `)
  assert.equal(await other.command('NOOP'), ['x OK NOOP completed'])
  const index = server.log.lines.findIndex((line) => line.startsWith('imap.bug') && line.includes('TypeError: a bug'))
  assert.ok(index >= 0)
  server.log.lines.splice(index, 1)
  await server[Symbol.asyncDispose]()
})

badInput('a shutdown says BYE to sessions that wait, idle or send', async () => {
  await using server = await imapServer()
  const waiting = await server.login()
  const idling = await server.login()
  await idling.transcript('C: a IDLE\nS: + entering idle mode')
  const sending = await server.login()
  await sending.transcript('C: a APPEND INBOX {10}\nS: + OK\nC: abc')
  await sleep(20)
  server.shutdown()
  for (const client of [waiting, idling, sending]) {
    await client.transcript(`
      S: * BYE Courier-IMAP server shut down by signal.
      END
    `)
    client.socket.end()
  }
  await Promise.all(server.sessions)
  assert.is(server.log.lines.filter((line) => line.startsWith('imap.shutdown')).length, 3)
})

badInput('a mailbox that vanishes under a session is NO, and the session goes on until it asks for news', async () => {
  await using server = await imapServer({inbox: MAILS, folders: ['.a']})
  server.maildir.put('1.x:2,', 'Subject: x\n\nx\n', '.a/cur')
  const imap = await server.login()
  await imap.command('SELECT INBOX.a')
  rmSync(join(server.maildir.path, '.a'), {recursive: true})
  for (const command of ['STORE 1 FLAGS (\\Seen)', 'COPY 1 INBOX', 'MOVE 1 INBOX']) {
    const answer = (await imap.command(command)).at(-1) ?? ''
    assert.match(answer, /^x NO \[NONEXISTENT\] /, command)
  }
  assert.equal(await imap.command('CLOSE'), ['x OK mailbox closed.'])
  assert.is((await imap.command('SELECT INBOX')).at(-1), 'x OK [READ-WRITE] Ok')
})

badInput('random octets never harm a session', async () => {
  await using server = await imapServer({inbox: MAILS})
  let seed = 42
  const random = (below: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) & 0x7fffffff
    return seed % below
  }
  const words = [
    'SELECT',
    'INBOX',
    '"',
    '\\',
    '(',
    ')',
    '{',
    '}',
    '{3}',
    '{3+}',
    '\r\n',
    ' ',
    '*',
    '1:',
    'FETCH',
    'BODY[',
    ']',
    'STORE',
    'FLAGS',
    'UID',
    '\0',
    '\xff',
    'a',
    '&',
    'LIST',
    'SEARCH',
    'NOT',
    'OR',
    'APPEND',
    'IDLE',
    'DONE',
  ]
  for (let round = 0; round < 30; round++) {
    const imap = await server.login()
    let text = 'a SELECT INBOX\r\n'
    for (let i = 0; i < 200; i++) text += words[random(words.length)]
    imap.socket.end(Buffer.from(`${text}\r\n`, 'latin1'))
    while ((await imap.lines.line()) !== undefined);
    imap.socket.destroy()
  }
  await Promise.all(server.sessions)
  const after = await server.login()
  assert.equal((await after.command('STATUS INBOX (UIDVALIDITY)')).length, 2)
})

badInput.run()
