/** The Maildir changes behind the index in every way that another program has; no answer is ever stale. */
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {setTimeout} from 'node:timers/promises'
import * as assert from 'uvu/assert'
import {NO_INDEX} from '../../../src/maildir/index/metadata-index.js'
import {ImapClient} from '../../support/imap-client.js'
import {answer, clientIn, fillWithMail, mailNumber, serverOver} from '../../support/indexed-mail.js'
import {isLong} from '../../support/is-long.js'
import {randomNumbers} from '../../support/other-programs.js'
import {flatIndex, makeFolder, TemporaryMaildir, TMPFS} from '../../support/store.js'
import {suite} from '../../support/suite.js'

const behind = suite('Changes behind the index', {limitMs: 120_000})
const COURIER = process.env.COURIER_IMAPD ?? '/usr/bin/imapd'

const QUESTIONS = [
  'FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE)',
  'FETCH 1:* (UID ENVELOPE BODYSTRUCTURE)',
  'SEARCH SUBJECT new',
  'SORT (SUBJECT SIZE) UTF-8 ALL',
  'FETCH 1:* BODY.PEEK[]',
]

type Random = (limit: number) => number

interface Place {
  readonly maildir: TemporaryMaildir
  /** `.Sub`, or empty for the inbox. */
  readonly folder: string
  readonly random: Random
  counter: number
}

function cur({maildir, folder}: Place): string {
  return join(maildir.path, folder, 'cur')
}

function anyMessage(place: Place): string | undefined {
  const names = readdirSync(cur(place)).sort()
  return names[place.random(names.length)]
}

function newText(place: Place): string {
  place.counter += 1
  return `Subject: new ${place.counter}\nFrom: n${place.counter}@example.com\n\n${'x'.repeat(place.random(500))}\n`
}

/** A file that was moved over another, as a program does that rewrites messages. */
function replace(place: Place, text: (old: Buffer) => string, mtime?: number): void {
  const name = anyMessage(place)
  if (name === undefined) return
  const waiting = join(place.maildir.path, place.folder, 'tmp', 'rewritten')
  writeFileSync(waiting, text(readFileSync(join(cur(place), name))), 'latin1')
  if (mtime !== undefined) utimesSync(waiting, mtime, mtime)
  renameSync(waiting, join(cur(place), name))
}

async function courier({maildir, folder, random}: Place): Promise<void> {
  const env = {MAILDIR: 'Maildir', IMAP_KEYWORDS: '1', IMAP_USELOCKS: '1', HOSTNAME: 'c.example', PATH: process.env.PATH, TZ: 'UTC'}
  await using client = await ImapClient.spawn(COURIER, ['Maildir'], {cwd: maildir.home, env})
  await client.ok(`SELECT ${folder === '' ? 'INBOX' : `INBOX${folder}`}`)
  await client.command(`STORE ${1 + random(9)}:* ${random(2) ? '+' : '-'}FLAGS (\\Flagged)`)
  await client.command(`STORE ${1 + random(9)} +FLAGS (Word${random(3)})`)
  if (random(3) === 0) {
    await client.command(`STORE ${1 + random(5)} +FLAGS (\\Deleted)`)
    await client.command('EXPUNGE')
  }
}

const CHANGES: Readonly<Record<string, (place: Place) => unknown>> = {
  'a delivery to new/': (place) => {
    writeFileSync(join(cur(place), '../new', `${1_700_000_000 + place.counter}.M${place.counter}P2.other`), newText(place))
  },
  'a file put into cur/': (place) => {
    const text = newText(place)
    writeFileSync(join(cur(place), `${1_700_000_000 + place.counter}.M${place.counter}P3.other:2,S`), text)
  },
  'a removal': (place) => {
    const name = anyMessage(place)
    if (name !== undefined) unlinkSync(join(cur(place), name))
  },
  'other flags': (place) => {
    const name = anyMessage(place)
    const letters = [...'DFRS'].filter(() => place.random(2) === 1).join('')
    if (name !== undefined) renameSync(join(cur(place), name), join(cur(place), name.replace(/:2,.*$/, `:2,${letters}`)))
  },
  'another file under the name': (place) => replace(place, () => newText(place)),
  'a file of the same size and another time': (place) =>
    replace(place, (old) => old.toString('latin1').replace(/[a-m]/g, 'n'), 1_500_000_000),
  'a file of another size and the same time': (place) => {
    const name = anyMessage(place)
    if (name === undefined) return
    const time = statSync(join(cur(place), name)).mtimeMs / 1000
    replace({...place, random: () => 0}, (old) => `X-Added: yes\n${old.toString('latin1')}`, time)
  },
  'a message gone and another of its name come': (place) => {
    const name = anyMessage(place)
    if (name === undefined) return
    unlinkSync(join(cur(place), name))
    writeFileSync(join(cur(place), name), newText(place))
  },
  keywords: async (place) => {
    const name = anyMessage(place)
    const keywords = join(cur(place), '../courierimapkeywords')
    if (name === undefined || !existsSync(keywords)) return
    writeFileSync(join(keywords, name.replace(/:2,.*$/, '')), `Tag${place.random(3)}\n`)
  },
  'real Courier at work': async (place) => {
    if (existsSync(COURIER)) await courier(place)
  },
  'a folder restored from a copy': (place) => {
    if (place.folder === '') return
    const path = join(place.maildir.path, place.folder)
    const uids = existsSync(`${path}/courierimapuiddb`) ? readFileSync(`${path}/courierimapuiddb`) : undefined
    const names = readdirSync(`${path}/cur`)
    rmSync(path, {recursive: true})
    makeFolder(path)
    writeFileSync(`${path}/maildirfolder`, '')
    for (const [number, name] of names.entries()) if (number % 3 !== 0) writeFileSync(`${path}/cur/${name}`, newText(place))
    if (uids) writeFileSync(`${path}/courierimapuiddb`, uids)
  },
  'another folder of the name': (place) => {
    if (place.folder === '') return
    const path = join(place.maildir.path, place.folder)
    rmSync(path, {recursive: true})
    makeFolder(path)
    writeFileSync(`${path}/maildirfolder`, '')
    fillWithMail(place.maildir, 5 + place.random(20), place.folder)
  },
  'a UID database that is gone': (place) => rmSync(join(cur(place), '../courierimapuiddb'), {force: true}),
}

/** A session that lives through many changes, or a new process for each. */
class Session implements AsyncDisposable {
  readonly #place: Place
  readonly #directory: string
  #open: {index: ReturnType<typeof flatIndex>; server: Awaited<ReturnType<typeof serverOver>>; client: ImapClient} | undefined

  constructor(place: Place, directory: string) {
    this.#place = place
    this.#directory = directory
  }

  get #mailbox(): string {
    return this.#place.folder === '' ? 'INBOX' : `INBOX${this.#place.folder}`
  }

  async client(): Promise<ImapClient> {
    if (!this.#open) {
      const index = flatIndex({directory: this.#directory})
      const server = await serverOver(this.#place.maildir, index)
      this.#open = {index, server, client: await clientIn(server, this.#mailbox)}
    }
    return this.#open.client
  }

  /** The session learns what happened; it selects the mailbox again when that was replaced. */
  async catchUp(): Promise<ImapClient> {
    const client = await this.client()
    const {status} = await client.command('NOOP').catch(() => ({status: 'BYE'}))
    if (status === 'OK' && this.#place.random(2) === 0) return client
    if (status === 'BYE') await this.restart()
    const again = await this.client()
    await again.command(`SELECT ${this.#mailbox}`)
    return again
  }

  async restart(): Promise<void> {
    const open = this.#open
    this.#open = undefined
    if (!open) return
    await open.client[Symbol.asyncDispose]()
    await open.server[Symbol.asyncDispose]()
    await open.index.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.restart()
  }
}

async function truth({maildir, folder}: Place): Promise<string[]> {
  await using server = await serverOver(maildir, NO_INDEX)
  await using client = await clientIn(server, folder === '' ? 'INBOX' : `INBOX${folder}`)
  const all: string[] = []
  for (const question of QUESTIONS) all.push(await answer(client, question))
  return all
}

const STEPS = isLong ? 60 : 40
/** Histories. */
const ROUNDS = isLong ? 10 : 1

for (let round = 0; round < ROUNDS; round += 1)
  for (const [where, folder, below] of [
    ['the inbox', '', undefined],
    ['a folder', '.Sub', undefined],
    ['the inbox on tmpfs', '', TMPFS],
  ] as const) {
    behind(`never make an answer stale, in ${where} (${round})`, async () => {
      using maildir = new TemporaryMaildir(below ?? tmpdir())
      const directory = mkdtempSync(join(tmpdir(), 'courier-cache-'))
      try {
        if (folder !== '') makeFolder(join(maildir.path, folder))
        fillWithMail(maildir, 25, folder)
        const place: Place = {maildir, folder, random: randomNumbers(folder.length + (below ? 7 : 1) + 10 * round), counter: 0}
        await using session = new Session(place, directory)
        const history: string[] = []
        for (let step = 0; step < STEPS; step += 1) {
          const count = 1 + (place.random(4) === 0 ? place.random(3) : 0)
          for (let number = 0; number < count; number += 1) {
            const kinds = Object.keys(CHANGES)
            const what = kinds[place.random(kinds.length)] ?? ''
            history.push(what)
            await CHANGES[what]?.(place)
          }
          if (place.random(3) === 0) {
            history.push('restart')
            await session.restart()
          }
          if (readdirSync(cur(place)).length < 8) for (let number = 0; number < 8; number += 1) CHANGES['a file put into cur/']?.(place)
          const client = await session.catchUp()
          const answers: string[] = []
          for (const question of QUESTIONS) answers.push(await answer(client, question))
          for (const [number, text] of (await truth(place)).entries())
            assert.is(answers[number], text, `${QUESTIONS[number]} after ${history.slice(-6).join(', ')}`)
          // What changes in one moment with a change of ours is another test's: time stamps tell the moments apart.
        }
      } finally {
        rmSync(directory, {recursive: true, force: true})
      }
    })
  }

/** File time of messages here, seconds since 1970. */
const LONG_AGO = 1_600_000_000

for (const [what, rewrite] of [
  [
    'another size, with the same inode and time',
    (path: string) => {
      writeFileSync(path, 'Subject: other than it was\n\nlonger text\n')
      utimesSync(path, LONG_AGO, LONG_AGO)
    },
  ],
  [
    'another time, with the same inode and size',
    (path: string) => {
      writeFileSync(path, 'Subject: other\n\ntext\n')
      utimesSync(path, LONG_AGO + 1, LONG_AGO + 1)
    },
  ],
  [
    'another inode, with the same size and time',
    (path: string) => {
      const waiting = path.replace('/cur/', '/tmp/')
      writeFileSync(waiting, 'Subject: other\n\ntext\n')
      utimesSync(waiting, LONG_AGO, LONG_AGO)
      renameSync(waiting, path)
    },
  ],
] as const) {
  for (const isOpen of [true, false]) {
    behind(
      `another file of the name counts as such when it has ${what} (${isOpen ? 'under an open session' : 'while nobody looks'})`,
      async () => {
        using maildir = new TemporaryMaildir()
        const directory = mkdtempSync(join(tmpdir(), 'courier-cache-'))
        try {
          const path = join(maildir.path, 'cur/1.M1P1.host:2,S')
          writeFileSync(path, 'Subject: first\n\ntext\n')
          utimesSync(path, LONG_AGO, LONG_AGO)
          const place: Place = {maildir, folder: '', random: () => 0, counter: 0}
          await using session = new Session(place, directory)
          const question = 'FETCH 1 (RFC822.SIZE ENVELOPE INTERNALDATE)'
          assert.match(await answer(await session.client(), question), '"first"')
          if (!isOpen) await session.restart()
          rewrite(path)
          maildir.put('cur/2.M2P2.host:2,')
          const client = await session.client()
          await client.ok('NOOP')
          const expected = await (async () => {
            await using server = await serverOver(maildir, NO_INDEX)
            await using plain = await clientIn(server)
            return await answer(plain, question)
          })()
          assert.match(expected, '"other')
          assert.is(await answer(client, question), expected)
        } finally {
          rmSync(directory, {recursive: true, force: true})
        }
      },
    )
  }
}

for (const [how, lose] of [
  ['is cut', (log: string) => truncateSync(log, statSync(log).size - 1)],
  ['is gone', (log: string) => rmSync(log)],
  ['is of another time', (log: string) => writeFileSync(log, Buffer.concat([Buffer.alloc(16, 1), readFileSync(log).subarray(16)]))],
] as const) {
  behind(`a file rewritten in place, when the index has noticed it and its log ${how}, is not what it was before`, async () => {
    using maildir = new TemporaryMaildir(TMPFS ?? tmpdir())
    const directory = mkdtempSync(join(tmpdir(), 'courier-cache-'))
    try {
      maildir.put('cur/1.M1P1.host:2,S', 'Subject: first\n\ntext\n')
      const place: Place = {maildir, folder: '', random: () => 0, counter: 0}
      await using session = new Session(place, directory)
      const question = 'FETCH 1 (RFC822.SIZE ENVELOPE)'
      // The time stamps of the folder have to be old enough to be believed.
      for (let times = 0; times < 3; times += 1) {
        await setTimeout(50)
        assert.match(await answer(await session.client(), question), '"first"')
        await session.restart()
      }
      writeFileSync(join(maildir.path, 'cur/1.M1P1.host:2,S'), 'Subject: second\n\nother text\n')
      await answer(await session.client(), 'FETCH 1 (BODY.PEEK[])')
      assert.match(await answer(await session.client(), question), '"second"')
      await session.restart()
      const logs = readdirSync(directory, {recursive: true, encoding: 'utf8'}).filter((name) => name.endsWith('/log'))
      assert.is(logs.length, 1)
      lose(join(directory, logs[0] ?? ''))
      assert.match(await answer(await session.client(), question), '"second"')
    } finally {
      rmSync(directory, {recursive: true, force: true})
    }
  })
}

behind('a file rewritten in place is noticed when it is opened, and everything agrees from then on', async () => {
  using maildir = new TemporaryMaildir()
  maildir.put('cur/1.M1P1.host:2,S', mailNumber(20).toString('latin1'))
  const index = flatIndex()
  await using server = await serverOver(maildir, index)
  await using client = await clientIn(server)
  await client.ok('FETCH 1 (RFC822.SIZE ENVELOPE BODYSTRUCTURE)')
  const text = 'Subject: rewritten\n\nshort\n'
  writeFileSync(join(maildir.path, 'cur/1.M1P1.host:2,S'), text)
  const [body] = await client.ok('FETCH 1 (BODY.PEEK[] RFC822.SIZE)')
  assert.match(body ?? '', /Subject: rewritten/)
  const [size] = await client.ok('FETCH 1 (RFC822.SIZE ENVELOPE)')
  assert.match(size ?? '', new RegExp(`RFC822.SIZE ${text.length + 3} ENVELOPE \\(NIL "rewritten"`))
  await index.close()
})

behind.run()
