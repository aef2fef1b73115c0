import {once} from 'node:events'
import {writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {text as textOf} from 'node:stream/consumers'
import {type FetchMessageObject, ImapFlow} from 'imapflow'
import * as assert from 'uvu/assert'
import {ServedMaildir} from '../support/served-maildir.js'
import {suite} from '../support/suite.js'

const imapflow = suite('ImapFlow', {limitMs: 30_000})

interface Connected extends AsyncDisposable {
  readonly client: ImapFlow
}

async function connected({port, tlsPort}: ServedMaildir, {secure = false, idle = false} = {}): Promise<Connected> {
  const client = new ImapFlow({
    host: '127.0.0.1',
    port: secure ? tlsPort : port,
    secure,
    tls: {rejectUnauthorized: false},
    auth: {user: 'tester', pass: 'pass'},
    logger: false,
    disableAutoIdle: !idle,
    clientInfo: {name: 'test'},
  })
  await client.connect()
  return {client, [Symbol.asyncDispose]: () => client.logout()}
}

const ATTACHED = Buffer.from(Array.from({length: 100_000}, (_, i) => (i * 7919) & 0xff))

const MESSAGE = [
  'From: =?utf-8?q?J=C3=BCrgen?= <juergen@example.org>',
  'To: team@example.org, "Last, First" <first@example.org>',
  'Subject: =?utf-8?b?R3LDvMOfZQ==?=',
  'Date: Mon, 13 Nov 2023 10:00:00 +0100',
  'Message-ID: <one@example.org>',
  'MIME-Version: 1.0',
  'Content-Type: multipart/mixed; boundary=border',
  '',
  '--border',
  'Content-Type: text/plain; charset=utf-8',
  'Content-Transfer-Encoding: quoted-printable',
  '',
  'Sch=C3=B6ne Gr=C3=BC=C3=9Fe',
  '--border',
  'Content-Type: application/octet-stream; name="data.bin"',
  "Content-Disposition: attachment; filename*=utf-8''daten%20%C3%BC.bin",
  'Content-Transfer-Encoding: base64',
  '',
  ...(ATTACHED.toString('base64').match(/.{1,76}/g) ?? []),
  '--border--',
  '',
].join('\r\n')

imapflow('connects with STARTTLS and with TLS, and logs in with each method', async () => {
  await using server = await ServedMaildir.start()
  for (const secure of [false, true]) {
    for (const loginMethod of ['LOGIN', 'AUTH=PLAIN', 'AUTH=LOGIN']) {
      const client = new ImapFlow({
        host: '127.0.0.1',
        port: secure ? server.tlsPort : server.port,
        secure,
        tls: {rejectUnauthorized: false},
        auth: {user: 'tester', pass: 'pass', loginMethod},
        logger: false,
      })
      await client.connect()
      assert.ok(client.secureConnection, 'STARTTLS is used by itself')
      await client.logout()
    }
  }
})

imapflow('tells a wrong password as such', async () => {
  await using server = await ServedMaildir.start()
  const client = new ImapFlow({
    host: '127.0.0.1',
    port: server.tlsPort,
    secure: true,
    tls: {rejectUnauthorized: false},
    auth: {user: 'tester', pass: 'no'},
    logger: false,
  })
  const error = await client.connect().then(
    () => undefined,
    (thrown: {authenticationFailed?: boolean; serverResponseCode?: string}) => thrown,
  )
  assert.ok(error?.authenticationFailed)
  assert.is(error?.serverResponseCode, 'AUTHENTICATIONFAILED')
})

imapflow('makes, lists, renames, subscribes and removes mailboxes', async () => {
  await using server = await ServedMaildir.start()
  await using connection = await connected(server)
  const {client} = connection
  assert.is((await client.mailboxCreate(['Arbeit', 'Größe & Maß'])).created, true)
  assert.is((await client.mailboxCreate('INBOX.Arbeit.Größe & Maß')).created, false)
  await client.mailboxCreate('Drafts')
  const paths = async () => (await client.list()).map(({path}) => path).sort()
  const names = await paths()
  assert.ok(names.includes('INBOX.Arbeit.Größe & Maß'), names.join(' '))
  const tree = await client.listTree()
  assert.ok(tree.folders?.length)
  const list = await client.list({statusQuery: {messages: true, uidNext: true, unseen: true, recent: true, uidValidity: true}})
  for (const {path, status, delimiter} of list) {
    assert.is(delimiter, '.')
    if (path.startsWith('INBOX.Arbeit.')) assert.is(status?.messages, 0)
  }
  await client.mailboxRename('INBOX.Arbeit.Größe & Maß', 'INBOX.Arbeit.日本')
  assert.ok((await paths()).includes('INBOX.Arbeit.日本'))
  await client.mailboxSubscribe('INBOX.Arbeit.日本')
  assert.ok((await client.list()).find(({path}) => path === 'INBOX.Arbeit.日本')?.subscribed)
  await client.mailboxUnsubscribe('INBOX.Arbeit.日本')
  await client.mailboxDelete('INBOX.Arbeit.日本')
  assert.not((await paths()).includes('INBOX.Arbeit.日本'))
})

imapflow('appends, fetches everything, downloads parts', async () => {
  await using server = await ServedMaildir.start()
  await using connection = await connected(server, {secure: true})
  const {client} = connection
  const date = new Date('2023-11-14T12:00:00Z')
  const appended = await client.append('INBOX', MESSAGE, ['\\Seen', '$Label2'], date)
  assert.ok(appended)
  assert.ok(appended.uid && appended.uidValidity)
  using _lock = await locked(client, 'INBOX')
  assert.is(messagesIn(client), 1)
  const query = {
    uid: true,
    flags: true,
    bodyStructure: true,
    envelope: true,
    internalDate: true,
    size: true,
    source: true,
    headers: true,
    bodyParts: ['1', '2', 'TEXT', '1.MIME'],
    threadId: true,
    labels: true,
  }
  const message = (await client.fetchOne('*', query)) as FetchMessageObject
  assert.is(message.uid, appended.uid)
  assert.is(message.size, Buffer.byteLength(MESSAGE))
  assert.is(String(message.source), MESSAGE)
  assert.equal(
    [...(message.flags ?? [])].sort(),
    ['$Label2', '\\Recent', '\\Seen'].filter((flag) => message.flags?.has(flag)),
  )
  assert.ok(message.flags?.has('\\Seen') && message.flags?.has('$Label2'))
  assert.is(new Date(message.internalDate ?? 0).getTime(), date.getTime())
  assert.is(message.envelope?.subject, 'Grüße')
  assert.equal(message.envelope?.from?.[0], {name: 'Jürgen', address: 'juergen@example.org'})
  assert.is(message.envelope?.to?.[1]?.name, 'Last, First')
  assert.equal(
    message.bodyStructure?.childNodes?.map(({type}) => type),
    ['text/plain', 'application/octet-stream'],
  )
  assert.match(String(message.headers), /^From: .*\r\n\r\n$/s)
  assert.is(String(message.bodyParts?.get('1')), 'Sch=C3=B6ne Gr=C3=BC=C3=9Fe')
  const download = await client.download(String(message.uid), '2', {uid: true, chunkSize: 7_001})
  assert.is(download.meta.filename, 'daten ü.bin')
  const chunks: Buffer[] = []
  for await (const chunk of download.content) chunks.push(chunk as Buffer)
  assert.ok(Buffer.concat(chunks).equals(ATTACHED))
  assert.is(await textOf((await client.download('1', '1')).content), 'Schöne Grüße')
  const many = await client.downloadMany('1', ['1', '2'])
  assert.ok((many as Record<string, {content: Buffer}>)['2']?.content.equals(ATTACHED))
})

imapflow('searches', async () => {
  await using server = await ServedMaildir.start()
  await using connection = await connected(server)
  const {client} = connection
  for (let i = 1; i <= 12; i++) {
    await client.append(
      'INBOX',
      `From: p${i % 3}@example.org\r\nSubject: Thema ${i} – Größe\r\nDate: ${i} Nov 2023 10:00:00 +0000\r\n\r\nText ${i}\r\n`,
      i % 2 ? ['\\Seen'] : [],
    )
  }
  using _lock = await locked(client, 'INBOX')
  const search = async (query: object) => ((await client.search(query)) || []).join(',')
  assert.is(await search({seen: false}), '2,4,6,8,10,12')
  assert.is(await search({from: 'p0@', seen: true}), '3,9')
  assert.is(await search({subject: 'größe', body: 'Text 7'}), '7')
  assert.is(await search({or: [{subject: 'Thema 11'}, {uid: '2:3'}]}), '2,3,11')
  assert.is(await search({sentSince: new Date('2023-11-10'), not: {seen: true}}), '10,12')
  assert.is(await search({header: {from: 'P1'}, larger: 10}), '1,4,7,10')
  assert.is(await search({all: true}), '1,2,3,4,5,6,7,8,9,10,11,12')
  assert.is(await search({answered: true}), '')
})

imapflow('changes flags, copies, moves and deletes', async () => {
  await using server = await ServedMaildir.start()
  await using connection = await connected(server)
  await using other = await connected(server)
  const {client} = connection
  await client.mailboxCreate('Trash')
  await client.mailboxCreate('Archiv')
  for (let i = 1; i <= 5; i++) await client.append('INBOX', `Subject: m${i}\r\n\r\n${i}\r\n`)
  using _lock = await locked(client, 'INBOX')
  using _otherLock = await locked(other.client, 'INBOX')
  assert.ok(await client.messageFlagsAdd('1:2', ['\\Flagged', 'custom']))
  assert.ok(await client.messageFlagsRemove('2', ['custom']))
  assert.ok(await client.messageFlagsSet('3', ['\\Answered']))
  await other.client.noop()
  const flags = async (from: ImapFlow) => {
    const found: string[] = []
    for await (const message of from.fetch('1:*', {flags: true}))
      found.push(
        [...(message.flags ?? [])]
          .filter((flag) => flag !== '\\Recent')
          .sort()
          .join('+'),
      )
    return found
  }
  assert.equal(await flags(client), ['\\Flagged+custom', '\\Flagged', '\\Answered', '', ''])
  assert.equal(await flags(other.client), await flags(client))
  const copied = await client.messageCopy('1:2', 'Archiv')
  assert.ok(copied)
  assert.is(copied.uidMap?.size, 2)
  const moved = await client.messageMove('2:3', 'INBOX.Trash')
  assert.ok(moved)
  assert.is(moved.uidMap?.size, 2)
  assert.ok(await client.messageDelete('1'))
  await other.client.noop()
  assert.is(messagesIn(other.client), 2)
  assert.equal(await client.search({all: true}, {uid: true}), [4, 5])
  assert.is((await client.status('Archiv', {messages: true})).messages, 2)
  assert.is((await client.status('Trash', {messages: true, unseen: true, uidNext: true})).messages, 2)
})

imapflow('is told new mail, flags and expunges while it idles', async () => {
  await using server = await ServedMaildir.start()
  await using watcher = await connected(server, {idle: true})
  await using other = await connected(server)
  using _lock = await locked(watcher.client, 'INBOX')
  const told = async (event: string, act: () => unknown) => {
    const idling = watcher.client.idle()
    await new Promise((resolve) => setTimeout(resolve, 50))
    const news = once(watcher.client, event, {signal: AbortSignal.timeout(15_000)})
    await act()
    const [facts] = await news
    await watcher.client.noop()
    await idling
    return facts as Record<string, unknown>
  }
  const arrived = await told('exists', () => other.client.append('INBOX', MESSAGE))
  assert.is(arrived.count, 1)
  const delivered = await told('exists', () =>
    writeFileSync(join(server.maildir.path, 'new', '1700000000.M1P1.test'), 'Subject: outside\n\nx\n'),
  )
  assert.is(delivered.count, 2)
  using _otherLock = await locked(other.client, 'INBOX')
  const flagged = await told('flags', () => other.client.messageFlagsAdd('2', ['\\Flagged']))
  assert.is(flagged.seq, 2)
  assert.ok((flagged.flags as Set<string>).has('\\Flagged'))
  const gone = await told('expunge', () => other.client.messageDelete('1'))
  assert.is(gone.seq, 1)
})

function messagesIn({mailbox}: ImapFlow): number | undefined {
  return mailbox ? mailbox.exists : undefined
}

async function locked(client: ImapFlow, path: string): Promise<Disposable> {
  const lock = await client.getMailboxLock(path)
  return {[Symbol.dispose]: () => lock.release()}
}

imapflow.run()
