/** What Thunderbird says to a server, as a dialogue: several connections at once, a cache by UID, parts, IDLE. */
import * as assert from 'uvu/assert'
import type {ImapClient} from '../support/imap-client.js'
import {ServedMaildir} from '../support/served-maildir.js'
import {suite} from '../support/suite.js'

const thunderbird = suite('Thunderbird', {limitMs: 20_000})

const HEADERS =
  'From To Cc Bcc Subject Date Message-ID Priority X-Priority References Newsgroups In-Reply-To Content-Type Reply-To ' +
  'X-Mozilla-Status X-Mozilla-Status2 Disposition-Notification-To'

function letter(i: number, octets = 100): string {
  return (
    `From: p${i}@example.org\nTo: me@example.org\nSubject: Letter ${i}\nDate: Mon, 13 Nov 2023 10:00:0${i % 10} +0100\nMessage-ID: <${i}@x>\n` +
    `X-Other: ${'y'.repeat(200)}\nContent-Type: text/plain; charset=UTF-8\n\n${`${'z'.repeat(70)}\n`.repeat(octets / 71 + 1)}`
  )
}

/** What it says on each connection first. */
async function begin(server: ServedMaildir): Promise<ImapClient> {
  const client = await server.client()
  assert.match((await client.ok('CAPABILITY')).join(), /IMAP4rev1 .*UIDPLUS .*NAMESPACE .*IDLE/)
  assert.match((await client.ok('ID ("name" "Thunderbird" "version" "128.0")')).join(), /^\* ID /)
  assert.match((await client.ok('NAMESPACE')).join(), /^\* NAMESPACE \(\("INBOX\." "\."\)\)/)
  return client
}

/** Opens a mailbox that it has in its cache up to `known`. */
async function open(client: ImapClient, mailbox: string, known: number): Promise<readonly string[]> {
  const told = (await client.ok(`SELECT "${mailbox}"`)).join('\n')
  for (const line of [/^\* FLAGS \(/m, /^\* \d+ EXISTS/m, /^\* \d+ RECENT/m, /UIDVALIDITY \d+\]/m, /PERMANENTFLAGS \(.*\\\*/m])
    assert.match(told, line)
  return client.ok(`UID FETCH ${known + 1}:* (FLAGS)`)
}

thunderbird('finds its folders', async () => {
  await using server = await ServedMaildir.start()
  await using client = await begin(server)
  assert.equal(await client.ok('LIST "" ""'), ['* LIST (\\Noselect) "." ""'])
  for (const name of ['Sent', 'Drafts', 'Templates', 'Trash', 'Archives', 'Archives.2023', 'Kunden & Co']) {
    const wire = name.replace('&', '&-')
    await client.command(`CREATE "INBOX.${wire}"`)
    await client.ok(`SUBSCRIBE "INBOX.${wire}"`)
  }
  const listed = await client.ok('LIST "" "INBOX.*"')
  const subscribed = await client.ok('LSUB "" "INBOX.*"')
  for (const lines of [listed, subscribed]) {
    assert.ok(
      lines.some((line) => line.endsWith('"INBOX.Kunden &- Co"')),
      lines.join('\n'),
    )
    assert.ok(lines.some((line) => line.includes('INBOX.Archives.2023')))
  }
  assert.match((await client.ok('LIST "" "INBOX"')).join(), /^\* LIST \(.*\) "\." "?INBOX"?$/)
  assert.match((await client.ok('LIST "" "INBOX.Archives.%"')).join(), /2023/)
  assert.match((await client.ok('STATUS "INBOX.Sent" (UIDNEXT MESSAGES UNSEEN RECENT)')).join(), /\(MESSAGES 0 .*UIDNEXT 1/)
})

thunderbird('opens a mailbox: flags, headers, then bodies in pieces', async () => {
  await using server = await ServedMaildir.start()
  for (let i = 1; i <= 120; i++)
    server.maildir.put(`cur/${1_700_000_000 + i}.M${i}P1.x:2,${i % 3 ? 'S' : ''}`, letter(i, i === 60 ? 100_000 : 300))
  await using client = await begin(server)
  const flags = await open(client, 'INBOX', 0)
  assert.is(flags.length, 120)
  assert.match(flags[59] ?? '', /^\* 60 FETCH \(UID 60 FLAGS \(\\?[A-Za-z\\ ]*\)\)$/)
  const headers = await client.ok(`UID FETCH 1:40,60,100:120 (UID RFC822.SIZE FLAGS BODY.PEEK[HEADER.FIELDS (${HEADERS})])`)
  assert.is(headers.length, 62)
  assert.match(
    headers[40] ?? '',
    /^\* 60 FETCH \(UID 60 RFC822\.SIZE \d+ FLAGS \(.*\) BODY\[HEADER\.FIELDS \(.*\)\] \{\d+\}\r\nFrom: p60@.*\r\n\r\n\)$/s,
  )
  assert.not.match(headers[40] ?? '', /X-Other/)
  const size = Number(/RFC822\.SIZE (\d+)/.exec(headers[40] ?? '')?.[1])
  let text = ''
  for (let at = 0; at < size; at += 20_000) {
    const [line = ''] = await client.ok(`UID FETCH 60 (UID RFC822.SIZE BODY.PEEK[]<${at}.20000>)`)
    const found = /BODY\[\]<(\d+)> \{(\d+)\}\r\n([\s\S]*)\)$/.exec(line)
    assert.is(Number(found?.[1]), at)
    assert.is(Number(found?.[2]), Math.min(20_000, size - at))
    text += found?.[3]
  }
  assert.is(text, letter(60, 100_000).replaceAll('\n', '\r\n'))
  assert.match((await client.ok('UID FETCH 60 (BODY.PEEK[]<9999999.100>)')).join(), /BODY\[\]<9999999> (\{0\}\r\n|"")/)
  assert.match((await client.ok('UID FETCH 2 (UID RFC822.SIZE BODY[])')).join(), /UID 2 .*BODY\[\]/)
  assert.match((await client.ok('UID FETCH 61 (UID RFC822.HEADER BODYSTRUCTURE)')).join(), /BODYSTRUCTURE \("TEXT" "PLAIN" /i)
  assert.equal(await client.ok('UID FETCH 500:600 (FLAGS)'), [])
  assert.match((await client.ok('UID FETCH 121:* (FLAGS)')).join(), /^\* 120 FETCH/)
  assert.match((await client.ok('UID SEARCH UNDELETED UNSEEN')).join(), /^\* SEARCH 3 6 9 /)
})

thunderbird('deletes to Trash, saves to Sent, and other connections are told in IDLE', async () => {
  await using server = await ServedMaildir.start()
  for (let i = 1; i <= 10; i++) server.maildir.put(`cur/${1_700_000_000 + i}.M${i}P1.x:2,`, letter(i))
  await using inbox = await begin(server)
  await using sent = await begin(server)
  await using watching = await begin(server)
  for (const name of ['Sent', 'Trash']) await inbox.command(`CREATE "INBOX.${name}"`)
  await open(inbox, 'INBOX', 0)
  await open(watching, 'INBOX', 0)
  await open(sent, 'INBOX.Sent', 0)

  watching.raw('9 IDLE\r\n')
  assert.match(await watching.line(), /^\+/)
  // Marks as read, flags, tags.
  assert.match((await inbox.ok('UID STORE 3 +FLAGS (\\Seen)')).join(), /^\* 3 FETCH \(UID 3 FLAGS \(.*\\Seen.*\)\)$/)
  assert.match(await watching.line(), /^\* 3 FETCH \(.*FLAGS \(.*\\Seen.*\)\)$/)
  await inbox.ok('UID STORE 3 +FLAGS ($label1 NonJunk)')
  let line = await watching.line()
  while (/^\* (FLAGS|OK \[PERMANENTFLAGS)/.test(line)) line = await watching.line()
  assert.match(line, /^\* 3 FETCH \(.*FLAGS \(.*\$label1.*\)\)$/)
  // Deletes: copy, mark, expunge.
  const copied = await inbox.command('UID COPY 4:5 "INBOX.Trash"')
  assert.match(copied.text, /^\[COPYUID \d+ 4:5 1:2\]/)
  await inbox.ok('UID STORE 4:5 +FLAGS (\\Deleted \\Seen)')
  const expunged = await inbox.ok('EXPUNGE')
  assert.equal(
    expunged.filter((each) => each.endsWith('EXPUNGE')),
    ['* 4 EXPUNGE', '* 4 EXPUNGE'],
  )
  const told: string[] = []
  while (told.filter((each) => each.endsWith('EXPUNGE')).length < 2) told.push(await watching.line())
  assert.equal(
    told.filter((each) => each.endsWith('EXPUNGE')),
    ['* 4 EXPUNGE', '* 4 EXPUNGE'],
  )
  // New mail for the one that idles.
  server.maildir.put('new/1700000100.M1P1.x', letter(100))
  while (!/^\* 9 EXISTS/.test(line)) line = await watching.line()
  watching.raw('DONE\r\n')
  while (!line.startsWith('9 ')) line = await watching.line()
  assert.match(line, /^9 OK/)
  assert.match((await watching.ok('UID FETCH 11:* (FLAGS)')).join(), /^\* 9 FETCH \(UID 11 FLAGS \(.*\\Recent.*\)\)$/)
  // Saves a copy of what it has sent, with LITERAL+, while the mailbox is open in another connection.
  const text = letter(7).replaceAll('\n', '\r\n')
  inbox.raw(`s APPEND "INBOX.Sent" (\\Seen) {${text.length}+}\r\n${text}\r\n`)
  line = await inbox.line()
  while (!line.startsWith('s ')) line = await inbox.line()
  assert.match(line, /^s OK \[APPENDUID \d+ 1\]/)
  assert.match((await sent.ok('NOOP')).join('\n'), /^\* 1 EXISTS/m)
  assert.match((await sent.ok('UID FETCH 1:* (FLAGS)')).join(), /\\Seen/)
  assert.match((await sent.ok('UID SEARCH HEADER Message-ID <7@x>')).join(), /^\* SEARCH 1$/)
  // Empties the trash.
  await sent.ok('SELECT "INBOX.Trash"')
  await sent.ok('UID STORE 1:* +FLAGS (\\Deleted)')
  assert.equal(await sent.ok('CLOSE'), [])
  assert.match((await sent.ok('STATUS "INBOX.Trash" (MESSAGES)')).join(), /MESSAGES 0/)
  assert.match((await inbox.ok('LOGOUT')).join(), /^\* BYE/)
})

thunderbird('five connections work on one folder at the same time', async () => {
  await using server = await ServedMaildir.start()
  for (let i = 1; i <= 100; i++) server.maildir.put(`cur/${1_700_000_000 + i}.M${i}P1.x:2,`, letter(i))
  const clients = await Promise.all(Array.from({length: 5}, () => begin(server)))
  await Promise.all(clients.map((client) => open(client, 'INBOX', 0)))
  await Promise.all(
    clients.map(async (client, k) => {
      for (let i = 0; i < 10; i++) {
        const uid = 1 + k * 20 + i
        await client.ok(`UID FETCH ${uid} (UID BODY.PEEK[])`)
        await client.ok(`UID STORE ${uid} +FLAGS (\\Seen client${k})`)
        await client.ok(`UID STORE ${uid + 10} +FLAGS.SILENT (\\Deleted)`)
        await client.ok(`UID EXPUNGE ${uid + 10}`)
      }
    }),
  )
  for (const [k, client] of clients.entries()) {
    await client.ok('NOOP')
    assert.is((await client.ok('UID SEARCH ALL')).at(-1)?.split(' ').length, 2 + 50)
    assert.is((await client.ok(`UID SEARCH SEEN KEYWORD client${k}`)).at(-1)?.split(' ').length, 2 + 10)
    await client[Symbol.asyncDispose]()
  }
})

thunderbird.run()
