/** Maildirs as disks, other programs and administrators leave them: a clear answer, the session lives, nothing is lost. */
import {existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import * as assert from 'uvu/assert'
import type {FileStart, OpenFile} from '../../src/maildir/files.js'
import {NodeFiles} from '../../src/maildir/node-files.js'
import {BeatenFiles} from '../support/beaten-files.js'
import {imapServer} from '../support/imap-server.js'
import {clientIn} from '../support/indexed-mail.js'
import {ServedMaildir} from '../support/served-maildir.js'
import {makeFolder, TemporaryMaildir, testIndex} from '../support/store.js'
import {suite} from '../support/suite.js'

const damaged = suite('IMAP on a damaged Maildir')

damaged('odd entries in cur/ are messages or nothing; one that cannot be removed does not keep the others', async () => {
  await using server = await ServedMaildir.start()
  await using client = await server.client()
  const cur = join(server.maildir.path, 'cur')
  mkdirSync(join(cur, 'a directory:2,S'))
  const names = [Buffer.from([0xff, 0xfe, 0x20, 0x0a, 0x41]), '.hidden', 'letters:2,ZZZ', 'empty:2,', 'old form:1,x']
  for (const name of names)
    writeFileSync(Buffer.concat([Buffer.from(`${cur}/`), Buffer.from(name)]), name === 'empty:2,' ? '' : 'Subject: odd\n\nx\n')
  assert.match((await client.ok('SELECT INBOX')).join(), /\* 5 EXISTS/)
  const fetched = await client.ok('FETCH 1:* (UID FLAGS RFC822.SIZE INTERNALDATE ENVELOPE BODYSTRUCTURE BODY.PEEK[])')
  assert.is(fetched.length, 5)
  assert.is(fetched.filter((line) => line.includes('"odd"')).length, 3)
  await client.ok('STORE 1:* +FLAGS (\\Deleted)')
  const {status, untagged} = await client.command('EXPUNGE')
  assert.is(status, 'NO')
  assert.is(untagged.filter((line) => line.endsWith('EXPUNGE')).length, 4)
  assert.equal(readdirSync(cur).sort(), ['.hidden', 'a directory:2,ST'])
  await client.ok('NOOP')
})

damaged('CLOSE and EXPUNGE are NO while others keep renaming a message; the others are removed, and the mailbox stays open', async () => {
  const inbox = {'1.host:2,T': 'Subject: 1\n\nx\n', '2.host:2,T': 'Subject: 2\n\nx\n', '3.host:2,T': 'Subject: 3\n\nx\n'}
  for (const command of ['CLOSE', 'EXPUNGE']) {
    await using server = await imapServer({inbox, environment: {files: new BeatenFiles('2.host')}})
    const imap = await server.login()
    await imap.command('SELECT INBOX')
    assert.is((await imap.command(command)).at(-1), 'x NO [INUSE] The mailbox is in use by another program, please try again.')
    const left = readdirSync(join(server.maildir.path, 'cur'))
    assert.equal(
      left.map((name) => name.slice(0, 6)),
      ['2.host'],
    )
    await imap.command('NOOP')
    assert.equal(await imap.command('FETCH 1:* (UID)'), ['* 1 FETCH (UID 2)', 'x OK FETCH completed.'])
    assert.equal(await imap.command('UNSELECT'), ['x OK UNSELECT completed.'])
  }
})

damaged('a link among the messages is not copied: not as a link, and not what it leads to', async () => {
  await using server = await ServedMaildir.start()
  await using client = await server.client()
  const cur = join(server.maildir.path, 'cur')
  makeFolder(join(server.maildir.path, '.x'))
  const secret = join(server.maildir.home, 'secret')
  writeFileSync(secret, 'Subject: secret\n\nx\n')
  for (const number of [1, 2, 4]) writeFileSync(join(cur, `100${number}.M1P1.host,S=14:2,S`), 'Subject: x\n\nx\n')
  symlinkSync(secret, join(cur, '1003.M1P1.host,S=14:2,S'))
  await client.ok('SELECT INBOX')
  await client.command('COPY 1:* INBOX.x')
  const copied = readdirSync(join(server.maildir.path, '.x/cur'))
  assert.is(copied.length, 3)
  for (const name of copied) assert.is(readFileSync(join(server.maildir.path, '.x/cur', name), 'latin1'), 'Subject: x\n\nx\n')
  await client.ok('NOOP')
})

/** Some messages cannot be read: their owner is another one, or the disk is broken there. */
class BrokenFiles extends NodeFiles {
  readonly #code: string

  constructor(code: string) {
    super()
    this.#code = code
  }

  #check(path: string): void {
    if (path.includes('locked')) throw Object.assign(new Error(`${this.#code}: "${path}"`), {code: this.#code})
  }

  override open(path: string): OpenFile | undefined | Promise<OpenFile | undefined> {
    this.#check(path)
    return super.open(path)
  }

  override start(path: string): FileStart | undefined {
    this.#check(path)
    return super.start(path)
  }
}

for (const [code, reply] of [
  ['EACCES', '[NOPERM] Some messages cannot be read.'],
  ['EIO', '[SERVERBUG] Some messages cannot be read.'],
] as const) {
  damaged(`a message that cannot be read (${code}) hides no other one, and the session goes on`, async () => {
    using maildir = new TemporaryMaildir()
    for (const name of ['1.first', '2.locked', '3.last']) maildir.put(`cur/${name}:2,`, `Subject: ${name}\n\ntext of ${name}\n`)
    await using server = await imapServer({maildir, environment: {index: testIndex(), files: new BrokenFiles(code)}})
    await using client = await clientIn(server)
    for (let times = 0; times < 2; times += 1) {
      for (const items of [
        'RFC822.SIZE',
        'ENVELOPE',
        'BODYSTRUCTURE',
        'BODY.PEEK[]',
        'BODY.PEEK[HEADER.FIELDS (Subject)]',
        'BODY.PEEK[TEXT]',
        '(RFC822.SIZE BODY.PEEK[1])',
        'BODY[]',
      ]) {
        const {status, text, untagged} = await client.command(`FETCH 1:* ${items}`)
        assert.is(status, 'NO', items)
        assert.is(text, reply)
        const told = untagged.filter((line) => !/FLAGS/.test(line)).map((line) => /^\* (\d+) FETCH/.exec(line)?.[1])
        assert.equal(told, ['1', '3'], items)
      }
      assert.is((await client.ok('FETCH 1:* (UID FLAGS INTERNALDATE)')).length, 3)
      for (const [question, answer] of [
        ['SEARCH BODY text', '* SEARCH 1 3'],
        ['SEARCH SUBJECT st', '* SEARCH 1 3'],
        ['SEARCH SMALLER 1000', '* SEARCH 1 3'],
      ] as const)
        assert.equal(await client.ok(question), [answer], question)
      assert.match((await client.ok('SORT (SUBJECT) UTF-8 ALL')).join(), /\* SORT .*1 3/)
      await client.ok('THREAD REFERENCES UTF-8 ALL')
    }
    await client.ok('STORE 1:* +FLAGS (\\Flagged)')
    assert.is(readdirSync(join(maildir.path, 'cur')).filter((name) => /:2,F/.test(name)).length, 3)
    await client.ok('UID COPY 1 INBOX')
    await client.ok('STORE 2 +FLAGS (\\Deleted)')
    assert.equal(await client.ok('EXPUNGE'), ['* 2 EXPUNGE', '* 3 EXISTS', '* 3 RECENT'])
  })
}

damaged('a UID database of garbage is made anew', async () => {
  await using server = await ServedMaildir.start()
  await using client = await server.client()
  for (const garbage of [
    '',
    '\0\xff\xfe',
    'no numbers\nhere\n',
    '1 99999999999999999999 99\n',
    `1 ${'9'.repeat(100_000)}`,
    '1 5 3\n-4 x\n2\n',
  ]) {
    await client.ok('CREATE INBOX.x')
    await client.ok('APPEND INBOX.x', 'Subject: x\r\n\r\nx\r\n')
    writeFileSync(join(server.maildir.path, '.x/courierimapuiddb'), garbage, 'latin1')
    assert.match((await client.ok('SELECT INBOX.x')).join(), /\* 1 EXISTS.*UIDVALIDITY [1-9]\d*\].*UIDNEXT [2-9]\d*\]/)
    assert.match((await client.ok('UID FETCH 1:* (UID BODY.PEEK[])')).join(), /UID [1-9]\d* BODY\[\] \{17\}/)
    await client.ok('CLOSE')
    await client.ok('DELETE INBOX.x')
  }
})

damaged('directories that are missing or in the way', async () => {
  await using server = await ServedMaildir.start()
  await using client = await server.client()
  const folder = join(server.maildir.path, '.x')
  for (const [damage, answers] of [
    [() => rmSync(join(folder, 'tmp'), {recursive: true}), ['OK', 'OK', 'OK', 'NO|OK']],
    [() => rmSync(join(folder, 'new'), {recursive: true}), ['OK', 'OK', 'OK', 'OK']],
    [() => rmSync(join(folder, 'cur'), {recursive: true}), ['NO', 'NO', 'BAD', 'NO']],
    [() => mkdirSync(join(folder, 'courierimapuiddb')), ['NO', 'NO', 'BAD', 'NO']],
    [() => writeFileSync(join(folder, 'courierimapkeywords'), 'a file'), ['OK', 'OK', 'OK', 'OK']],
  ] as const) {
    await client.command('UNSELECT')
    makeFolder(folder)
    server.maildir.put('cur/1700000000.M1P1.x:2,S', undefined, '.x')
    damage()
    const commands = ['STATUS INBOX.x (MESSAGES)', 'SELECT INBOX.x', 'FETCH 1 (FLAGS BODY.PEEK[])'] as const
    for (const [i, command] of commands.entries())
      assert.match((await client.command(command)).status, new RegExp(`^(${answers[i]})$`), `${damage} ${command}`)
    assert.match(
      (await client.command('APPEND INBOX.x', 'Subject: y\r\n\r\ny\r\n')).status,
      new RegExp(`^(${answers[3]})$`),
      `${damage} APPEND`,
    )
    await client.ok('LIST "" "*"')
    rmSync(folder, {recursive: true})
  }
})

damaged('a folder that goes away or is replaced under a session', async () => {
  await using server = await ServedMaildir.start()
  await using other = await server.client()
  for (const act of ['DELETE INBOX.x', 'RENAME INBOX.x INBOX.y', undefined]) {
    await using client = await server.client()
    await using idler = await server.client()
    await client.ok('CREATE INBOX.x')
    await client.ok('APPEND INBOX.x', 'Subject: old\r\n\r\nx\r\n')
    const before = /UIDVALIDITY (\d+)/.exec((await client.ok('SELECT INBOX.x')).join())?.[1]
    await idler.ok('SELECT INBOX.x')
    idler.raw('i IDLE\r\n')
    await idler.line()
    if (act) await other.ok(act)
    else renameSync(join(server.maildir.path, '.x'), join(server.maildir.home, 'elsewhere'))
    for (const command of ['FETCH 1 BODY.PEEK[]', 'STORE 1 +FLAGS (\\Deleted)', 'COPY 1 INBOX']) {
      assert.match((await client.command(command)).text, /^\[NONEXISTENT\]/, command)
    }
    // Its numbers mean nothing any more: the session ends, an idle one at once.
    client.raw('n NOOP\r\n')
    for (const ended of [client, idler]) assert.match(await ended.line(), /^\* BYE \[ALERT\] The selected mailbox was/)
    assert.not(existsSync(join(server.maildir.path, '.x')))
    await other.ok('CREATE INBOX.x')
    const after = /UIDVALIDITY (\d+)/.exec((await other.ok('SELECT INBOX.x')).join())?.[1]
    assert.is.not(after, before)
    await other.ok('CLOSE')
    await other.ok('DELETE INBOX.x')
  }
})

damaged('messages that vanish, shrink or grow between commands and inside FETCH', async () => {
  await using server = await ServedMaildir.start()
  for (let i = 0; i < 30; i++) server.maildir.put(`cur/17000000${10 + i}.M1P1.x:2,S`, `Subject: ${i}\n\n${'body\n'.repeat(100)}`)
  await using client = await server.client()
  await client.ok('SELECT INBOX')
  await client.ok('FETCH 1:* (RFC822.SIZE ENVELOPE)')
  const file = (i: number) => join(server.maildir.path, 'cur', `17000000${10 + i}.M1P1.x:2,S`)
  for (let i = 0; i < 30; i += 3) rmSync(file(i))
  for (let i = 1; i < 30; i += 3) writeFileSync(file(i), 'Subject: short\n\n')
  for (let i = 2; i < 30; i += 3) writeFileSync(file(i), `Subject: long\n\n${'much more of it\n'.repeat(1_000)}`)
  for (const item of ['BODY.PEEK[]', 'BODY.PEEK[TEXT]', 'BODY.PEEK[HEADER]', '(ENVELOPE BODY.PEEK[1])']) {
    assert.is((await client.ok(`FETCH 1:* ${item}`)).filter((line) => / FETCH \((BODY|ENV)/.test(line)).length, 30)
  }
  const expunged = (await client.ok('NOOP')).filter((line) => line.endsWith('EXPUNGE'))
  assert.is(expunged.length, 10)
})

damaged.run()
