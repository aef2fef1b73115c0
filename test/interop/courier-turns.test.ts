/** Real Courier's imapd and ours on one Maildir: taking turns, and at the same time. */
import {existsSync, readdirSync, readFileSync, renameSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import {fileURLToPath} from 'node:url'
import * as assert from 'uvu/assert'
import {ImapClient} from '../support/imap-client.js'
import {isLong} from '../support/is-long.js'
import {TemporaryMaildir, TMPFS} from '../support/store.js'
import {suite} from '../support/suite.js'

const COURIER = process.env.COURIER_IMAPD ?? '/usr/bin/imapd'
const OURS = join(dirname(fileURLToPath(import.meta.url)), '../support/imapd-process.js')
const TURNS = isLong ? 20 : 8
const SECONDS = isLong ? 60 : 4
const MESSAGES = isLong ? 5000 : 1000

function courier(maildir: TemporaryMaildir): Promise<ImapClient> {
  const env = {
    MAILDIR: 'Maildir',
    IMAP_KEYWORDS: '1',
    IMAP_USELOCKS: '1',
    HOSTNAME: 'courier.example',
    PATH: process.env.PATH,
    TZ: 'UTC',
    IMAP_BROKENUIDV: '1',
  }
  return ImapClient.spawn(COURIER, ['Maildir'], {cwd: maildir.home, env})
}

function ours(maildir: TemporaryMaildir): Promise<ImapClient> {
  return ImapClient.spawn(process.execPath, [OURS, 'Maildir'], {cwd: maildir.home, env: {...process.env, TZ: 'UTC'}})
}

/** What a server says about a mailbox: UIDVALIDITY, and for each UID the flags and keywords; subscriptions. */
async function picture(client: ImapClient, mailbox: string): Promise<string> {
  const selected = await client.ok(`EXAMINE ${mailbox}`)
  const validity = /UIDVALIDITY (\d+)/.exec(selected.join('\n'))?.[1]
  const messages = (await client.ok('FETCH 1:* (UID FLAGS RFC822.SIZE INTERNALDATE)').catch(() => []))
    .filter((line) => /FETCH/.test(line))
    .map((line) => {
      const flags = (/FLAGS \(([^)]*)\)/.exec(line)?.[1] ?? '').split(' ').filter((flag) => flag !== '\\Recent' && flag !== '')
      return `${/UID (\d+)/.exec(line)?.[1]} ${flags.sort().join(' ')} ${/SIZE (\d+)/.exec(line)?.[1]} ${/INTERNALDATE "([^"]*)"/.exec(line)?.[1]}`
    })
  const subscribed = (await client.ok('LSUB "" "*"')).map((line) => line.replace(/\([^)]*\)/, '')).sort()
  return [`validity ${validity}`, ...messages, ...subscribed].join('\n')
}

/** A turn: add, flag, keyword, copy, delete, expunge, subscribe. */
async function turn(client: ImapClient, number: number): Promise<void> {
  await client.ok('SELECT INBOX')
  for (let at = 0; at < 3; at += 1)
    await client.ok(`APPEND INBOX (\\Seen kw${number % 4})`, `Subject: turn ${number}.${at}\r\n\r\nbody ${number}\r\n`)
  await client.ok('NOOP')
  await client.ok('STORE 1:3 +FLAGS (\\Flagged $Label1)')
  await client.ok(`STORE 2 FLAGS (\\Answered Other${number % 3})`)
  await client.ok('STORE 3 -FLAGS ($label1)')
  await client.ok('UID COPY 1:* INBOX.copies')
  if (number % 2 === 1) {
    await client.ok('STORE 1 +FLAGS.SILENT (\\Deleted)')
    await client.ok('EXPUNGE')
  }
  await client.ok(`SUBSCRIBE INBOX.turn${number}`)
  if (number % 3 === 2) await client.ok(`UNSUBSCRIBE INBOX.turn${number - 1}`)
  await client.ok('SELECT INBOX.copies')
  if (number % 2 === 0) {
    await client.ok('STORE 1:2 +FLAGS (\\Deleted)')
    await client.ok('EXPUNGE')
  }
}

const turns = suite('Taking turns with real Courier', {limitMs: isLong ? 300_000 : 90_000})
const installed = existsSync(COURIER)

turns.when(installed, 'courier-imap is not installed')(
  'both see the same UIDs, flags, keywords and subscriptions after every turn',
  async () => {
    using maildir = new TemporaryMaildir()
    {
      await using client = await ours(maildir)
      await client.ok('CREATE INBOX.copies')
    }
    const validities = new Set<string>()
    for (let number = 0; number < TURNS; number += 1) {
      {
        await using client = await (number % 2 === 0 ? courier(maildir) : ours(maildir))
        await turn(client, number)
      }
      // A delivery between the turns.
      writeFileSync(join(maildir.path, 'new', `${1_800_000_000 + number}.M1P1.delivery`), `Subject: delivered ${number}\n\nx\n`)
      await using theirs = await courier(maildir)
      await using mine = await ours(maildir)
      for (const mailbox of ['INBOX', 'INBOX.copies']) {
        // Who looks first alternates: the first one moves new mail and gives the UIDs.
        const [first, second] = number % 4 < 2 ? [mine, theirs] : [theirs, mine]
        await first.ok(`SELECT ${mailbox}`)
        const seen = await picture(first, mailbox)
        assert.is(await picture(second, mailbox), seen, `after turn ${number}`)
        validities.add(`${mailbox} ${seen.split('\n')[0]}`)
      }
    }
    assert.is(validities.size, 2, 'UIDVALIDITY never changes')
  },
)

/** What a client may believe, checked against the disk. */
class Follower {
  readonly uids: number[] = []
  readonly #baseOf: Map<number, string>
  readonly #path: string
  /** UIDs that some command was sent to expunge. */
  readonly #doomed: Set<number>

  constructor(path: string, shared: {baseOf: Map<number, string>; doomed: Set<number>}) {
    this.#path = path
    this.#baseOf = shared.baseOf
    this.#doomed = shared.doomed
  }

  async select(client: ImapClient): Promise<void> {
    await client.ok('SELECT INBOX')
    await this.#list(client, 1)
  }

  async follow(client: ImapClient, lines: readonly string[]): Promise<void> {
    let count = this.uids.length
    for (const line of lines) {
      const [, number = '', word = ''] = /^\* (\d+) (EXPUNGE|EXISTS)$/.exec(line) ?? []
      if (word === 'EXPUNGE') {
        const [uid] = this.uids.splice(Number(number) - 1, 1)
        assert.ok(uid !== undefined && this.#doomed.has(uid), `UID ${uid} was expunged by nobody`)
        count = this.uids.length
      } else if (word === 'EXISTS') count = Number(number)
    }
    assert.ok(count >= this.uids.length, 'EXISTS went down')
    if (count > this.uids.length) await this.#list(client, this.uids.length + 1)
  }

  doom(uids: readonly number[]): void {
    for (const uid of uids) this.#doomed.add(uid)
  }

  /** The UID database never contradicts itself. */
  checkDatabase(): void {
    for (const line of readFileSync(join(this.#path, 'courierimapuiddb'), 'latin1').split('\n').slice(1)) {
      const [, uid, base = ''] = /^(\d+) (.*)$/.exec(line) ?? []
      if (uid === undefined) continue
      assert.is(this.#baseOf.get(Number(uid)) ?? base, base, `UID ${uid} names two files`)
      this.#baseOf.set(Number(uid), base)
    }
    const uidOf = new Map<string, number>()
    for (const [uid, base] of this.#baseOf) {
      assert.not.ok(uidOf.has(base), `${base} has the UIDs ${uidOf.get(base)} and ${uid}`)
      uidOf.set(base, uid)
    }
  }

  async #list(client: ImapClient, from: number): Promise<void> {
    for (const line of await client.ok(`FETCH ${from}:* (UID)`)) {
      const [, number, uid] = /^\* (\d+) FETCH \(UID (\d+)\)/.exec(line) ?? []
      if (number !== undefined) this.uids[Number(number) - 1] = Number(uid)
    }
    for (let at = 1; at < this.uids.length; at += 1) assert.ok((this.uids[at] ?? 0) > (this.uids[at - 1] ?? 0), 'UIDs ascend')
  }
}

for (const [place, below] of [
  ['on disk', tmpdir()],
  ['on tmpfs', TMPFS],
] as const) {
  turns.when(installed && below, 'courier-imap is not installed, or no tmpfs')(
    `at the same time on one folder, with two processes of ours, every message keeps its UID (${place})`,
    async () => {
      using maildir = new TemporaryMaildir(below)
      for (let number = 0; number < MESSAGES; number += 1) maildir.put(`cur/${1_700_000_000 + number}.M1P1_${number}.host,S=30:2,`)
      const shared = {baseOf: new Map<number, string>(), doomed: new Set<number>()}
      await using theirs = await courier(maildir)
      await using mine = await ours(maildir)
      await using second = await ours(maildir)
      const end = Date.now() + SECONDS * 1000
      let delivered = 0
      const deliveries = setInterval(() => {
        const name = `${1_900_000_000 + delivered++}.M1P1.delivery`
        writeFileSync(join(maildir.path, 'tmp', name), 'Subject: delivered\n\nx\n')
        renameSync(join(maildir.path, 'tmp', name), join(maildir.path, 'new', name))
      }, 40)
      try {
        await Promise.all([mine, theirs, second].map((client, place) => session(client, maildir, shared, end, place + 1)))
      } finally {
        clearInterval(deliveries)
      }
      // At rest both agree with each other and with the disk.
      const expected = await (async () => {
        await mine.ok('SELECT INBOX')
        return picture(mine, 'INBOX')
      })()
      for (const other of [theirs, second]) assert.is(await picture(other, 'INBOX'), expected)
      const bases = readdirSync(join(maildir.path, 'cur')).map((name) => name.slice(0, name.lastIndexOf(':')))
      assert.is(new Set(bases).size, bases.length)
      const listed = expected.split('\n').filter((line) => /^\d/.test(line)).length
      assert.is(listed, bases.length)
      for (const [uid, base] of shared.baseOf)
        if (!shared.doomed.has(uid)) assert.ok(bases.includes(base), `the file of UID ${uid} is lost`)
    },
  )
}

async function session(
  client: ImapClient,
  maildir: TemporaryMaildir,
  shared: {baseOf: Map<number, string>; doomed: Set<number>},
  end: number,
  who: number,
): Promise<void> {
  const follower = new Follower(maildir.path, shared)
  await follower.select(client)
  for (let round = 0; Date.now() < end; round += 1) {
    const size = follower.uids.length
    const from = 1 + ((round * 53 + who * 17) % Math.max(1, size - 30))
    const range = `${from}:${Math.min(size, from + 20)}`
    await follower.follow(
      client,
      await client.ok(`STORE ${range} ${round % 2 ? '+' : '-'}FLAGS (\\Flagged${round % 4 === 0 ? ` k${who}` : ''})`),
    )
    if (round % 3 === 0) await follower.follow(client, await client.ok('APPEND INBOX', `Subject: ${who}.${round}\r\n\r\nx\r\n`))
    if (round % 4 === 1) await follower.follow(client, await client.ok(`COPY ${from} INBOX`))
    if (round % 5 === who) {
      const uids = follower.uids.slice(from - 1, from + 1)
      follower.doom(uids)
      await follower.follow(client, await client.ok(`UID STORE ${uids.join(',')} +FLAGS.SILENT (\\Deleted)`))
      await follower.follow(client, await client.ok(`UID EXPUNGE ${uids.join(',')}`))
    }
    await follower.follow(client, await client.ok('NOOP'))
    follower.checkDatabase()
  }
}

turns.run()
