import {createHash} from 'node:crypto'
import {existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import * as assert from 'uvu/assert'
import {encodeMailbox} from '../../src/imap/mailbox-name.js'
import type {ImapClient} from '../support/imap-client.js'
import {isLong} from '../support/is-long.js'
import {runProgram} from '../support/run-program.js'
import {ServedMaildir} from '../support/served-maildir.js'
import {makeFolder} from '../support/store.js'
import {suite} from '../support/suite.js'

const mbsync = suite('mbsync', {limitMs: isLong ? 600_000 : 60_000})

const installed = (await runProgram('mbsync', ['--version'])).code === 0

const FOLDERS = isLong ? 40 : 12
const MESSAGES_EACH = isLong ? 125 : 50

/** Names below INBOX, as people have them. */
const NAMES = [
  'Entwürfe für später',
  'two words',
  '日本語',
  'R&D',
  'deep.er.still',
  'Ünïcödé.Kind',
  'a+b=c',
  "it's",
  'UPPER',
  'x-_y',
].concat(Array.from({length: FOLDERS}, (_, i) => `list ${i}`))

interface Found {
  /** Without what mbsync adds: its header and the UID in the name. */
  readonly digest: string
  readonly flags: string
  readonly inode: number
  readonly mtimeMs: number
  readonly name: string
  readonly path: string
}

/** One side: folder → its messages. */
type Side = Map<string, Found[]>

function messagesIn(folder: string): Found[] {
  return ['cur', 'new'].flatMap((part) =>
    readdirSync(join(folder, part)).map((name) => {
      const path = join(folder, part, name)
      const content = readFileSync(path, 'latin1').replace(/^X-TUID: .*\n/m, '')
      const {ino, mtimeMs} = statSync(path)
      const digest = createHash('sha1').update(content, 'latin1').digest('hex')
      return {digest, flags: /:2,([A-Z]*)/.exec(name)?.[1] ?? '', inode: ino, mtimeMs, name, path}
    }),
  )
}

class Synced {
  readonly server: ServedMaildir
  readonly near: string
  readonly #config: string

  constructor(server: ServedMaildir, connection: string) {
    this.server = server
    this.near = join(server.maildir.home, 'near')
    this.#config = join(server.maildir.home, 'mbsyncrc')
    const certificate = join(server.maildir.home, 'certificate.pem')
    writeFileSync(certificate, server.certificatePem)
    mkdirSync(this.near)
    writeFileSync(
      this.#config,
      `IMAPAccount ours
Host localhost
User tester
Pass pass
CertificateFile ${certificate}
${connection}

IMAPStore far
Account ours

MaildirStore near
Path ${this.near}/
Inbox ${this.near}/INBOX
SubFolders Verbatim
Flatten .

Channel all
Far :far:
Near :near:
Patterns *
Create Both
Remove Both
Expunge Both
CopyArrivalDate yes
SyncState ${server.maildir.home}/state/
`,
    )
    mkdirSync(join(server.maildir.home, 'state'))
  }

  /** Runs mbsync; answers the octets of headers and bodies that the server sent for it. */
  async run(): Promise<{headers: number; body: number}> {
    const before = (await this.server.log()).length
    const {code, stdout, stderr} = await runProgram('mbsync', ['-c', this.#config, '-a'])
    assert.is(code, 0, `${stdout}${stderr}`)
    assert.not.match(stderr.replace(/.*Password is being sent in the clear.*\n/, ''), /warning|error/i)
    const end = (await this.server.log()).slice(before).find((line) => line.startsWith('imap.logout'))
    return JSON.parse(end?.slice('imap.logout '.length) ?? '{}')
  }

  sides(): {readonly far: Side; readonly near: Side} {
    const far: Side = new Map([['INBOX', messagesIn(this.server.maildir.path)]])
    for (const name of readdirSync(this.server.maildir.path)) {
      if (name.startsWith('.')) far.set(encodeMailbox(name.slice(1), {utf8: false}), messagesIn(join(this.server.maildir.path, name)))
    }
    const near: Side = new Map()
    for (const name of readdirSync(this.near)) near.set(name, messagesIn(join(this.near, name)))
    return {far, near}
  }

  /** Both sides have the same folders, messages, flags and arrival times. */
  assertSame(): void {
    const {far, near} = this.sides()
    const shown = (side: Side) =>
      [...side]
        .map(
          ([folder, messages]) =>
            `${folder}\n${messages
              .map(({digest, flags, mtimeMs}) => `  ${digest} ${flags} ${Math.floor(mtimeMs / 1000)}`)
              .sort()
              .join('\n')}`,
        )
        .sort()
        .join('\n')
    assert.fixture(shown(near), shown(far))
  }
}

function message(folder: string, i: number): string {
  const lines = Array.from({length: 3 + (i % 40)}, (_, line) => `Line ${line} of ${i} in ${folder}${line % 7 ? '' : '\n..\n'}`)
  return `From: p${i % 9}@example.org\nTo: me@example.org\nSubject: ${folder} ${i}\nMessage-ID: <${Buffer.from(folder).toString('hex')}.${i}@x>\n\n${lines.join('\n')}\n`
}

const FLAG_SETS = ['S', '', 'RS', 'FS', 'DS', 'FRS', 'F', 'S']

function fill(server: ServedMaildir, folders: number): void {
  for (const [f, name] of ['', ...NAMES].slice(0, folders).entries()) {
    const folder = name && `.${name}`
    if (folder) makeFolder(join(server.maildir.path, folder))
    if (folder) writeFileSync(join(server.maildir.path, folder, 'maildirfolder'), '')
    for (let i = 0; i < MESSAGES_EACH; i++) {
      server.maildir.put(
        `cur/${1_600_000_000 + f * 1000 + i}.M${i}P${f}.far:2,${FLAG_SETS[i % FLAG_SETS.length]}`,
        message(name, i),
        folder,
      )
    }
  }
}

/** Changes the near Maildirs as a mail program does; answers how many messages are new. */
function changeNear(near: Side, root: string, round: number): number {
  let fresh = 0
  for (const [folder, messages] of near) {
    messages.forEach(({path, name}, i) => {
      const [base = '', flags = ''] = name.split(':2,')
      const to = (letters: string) => renameSync(path, join(root, folder, 'cur', `${base}:2,${[...new Set(letters)].sort().join('')}`))
      if (i % 10 === round) to(`${flags}F`)
      else if (i % 10 === round + 2) to(flags.replace('S', ''))
      else if (i % 25 === round + 4) to(`${flags}T`)
      else if (i % 25 === round + 6) rmSync(path)
    })
    for (let i = 0; i < 2; i++) {
      writeFileSync(
        join(root, folder, 'new', `17${round}0000000.M${i}P1.near${Buffer.from(folder).toString('hex')}`),
        message(`${folder} near ${round}`, i),
      )
      fresh += 1
    }
  }
  return fresh
}

/** Changes the server's mailboxes through it; answers how many messages are new there. */
async function changeFar(client: ImapClient, folders: readonly string[], round: number): Promise<number> {
  let fresh = 0
  for (const folder of folders) {
    const name = folder === 'INBOX' ? folder : `INBOX.${folder}`
    await client.ok(`SELECT "${name}"`)
    await client.ok(`STORE ${3 + round},${11 + round} +FLAGS (\\Answered)`)
    await client.ok(`STORE ${12 + round}:${13 + round} -FLAGS.SILENT (\\Flagged \\Seen)`)
    await client.ok(`STORE ${20 + round} +FLAGS.SILENT (\\Deleted)`)
    await client.ok('EXPUNGE')
    for (let i = 0; i < 3; i++) {
      await client.ok(
        `APPEND "${name}" (\\Seen) "1${i}-Nov-2023 10:00:00 +0100"`,
        message(`${folder} far ${round}`, i).replaceAll('\n', '\r\n'),
      )
      fresh += 1
    }
  }
  return fresh
}

/** Files that are there now and were not before. Those that were are the same files still. */
function newcomers(before: Side, after: Side): number {
  const baseOf = ({name}: Found) => name.split(/,U=|:2,/)[0] ?? ''
  const known = new Map([...before.values()].flat().map((found) => [baseOf(found), found.inode]))
  let fresh = 0
  for (const found of [...after.values()].flat()) {
    const inode = known.get(baseOf(found))
    if (inode === undefined) fresh += 1
    else assert.is(found.inode, inode, `${found.path} was written again`)
  }
  return fresh
}

function states(side: Side): string {
  return [...side]
    .map(([folder, messages]) => `${folder} ${messages.map(({name, inode, mtimeMs}) => `${name} ${inode} ${mtimeMs}`).sort()}`)
    .sort()
    .join('\n')
}

for (const [kind, folders, connection] of [
  ['in clear', FOLDERS, ({port}: ServedMaildir) => `SSLType None\nAuthMechs LOGIN\nPort ${port}`],
  ['with STARTTLS, AUTHENTICATE PLAIN', 3, ({port}: ServedMaildir) => `SSLType STARTTLS\nAuthMechs PLAIN\nPort ${port}`],
  ['with TLS, one command at a time', 3, ({tlsPort}: ServedMaildir) => `SSLType IMAPS\nPort ${tlsPort}\nPipelineDepth 1`],
] as const) {
  mbsync.when(installed, 'mbsync is not installed')(
    `syncs ${folders} folders both ways, ${kind}; a later run moves only what has changed`,
    async () => {
      await using server = await ServedMaildir.start()
      fill(server, folders)
      const synced = new Synced(server, connection(server))
      await synced.run()
      synced.assertSame()
      assert.is([...synced.sides().near.values()].flat().length, folders * MESSAGES_EACH)
      for (const round of folders === FOLDERS ? [0, 1] : [0]) {
        {
          await using client = await server.client()
          await changeFar(
            client,
            [...synced.sides().far].filter(([, messages]) => messages.length > 30).map(([folder]) => folder),
            round,
          )
          await client.ok(`CREATE "INBOX.from far ${round}"`)
          await client.ok(`APPEND "INBOX.from far ${round}"`, 'Subject: x\r\n\r\nx\r\n')
        }
        const freshFar = folders * 3 + 1
        makeFolder(join(synced.near, `from near ${round}`))
        const freshNear = changeNear(synced.sides().near, synced.near, round)
        const before = synced.sides()
        const sent = await synced.run()
        synced.assertSame()
        const after = synced.sides()
        assert.is(newcomers(before.far, after.far), freshNear)
        assert.is(newcomers(before.near, after.near), freshFar)
        assert.ok(sent.body > 0 && sent.body < freshFar * 2_500, `${sent.body} octets of messages were sent`)
        const idle = await synced.run()
        assert.is(idle.body, 0)
        const still = synced.sides()
        assert.is(states(still.far), states(after.far))
        assert.is(states(still.near), states(after.near))
      }
      assert.ok(existsSync(join(server.maildir.path, 'courierimapuiddb')))
    },
  )
}

/** Flags, appends, moves and expunges at random until `isOver`. */
async function disturb(server: ServedMaildir, seed: number, isOver: () => boolean): Promise<void> {
  await using client = await server.client()
  for (let i = seed; !isOver(); i += 7) {
    const selected = await client.ok(`SELECT "${i % 2 ? 'INBOX' : 'INBOX.two words'}"`)
    const size = Number(/(\d+) EXISTS/.exec(selected.join())?.[1])
    await client.ok(`UID STORE ${1 + (i % 60)} +FLAGS.SILENT (\\Flagged)`)
    await client.ok(`APPEND INBOX (\\Seen)`, message(`disturbed ${seed}`, i).replaceAll('\n', '\r\n'))
    if (size > 10) await client.command(`MOVE ${1 + (i % 9)} "INBOX.${i % 2 ? 'two words' : 'moved here'}"`)
    await client.ok(`UID STORE ${1 + (i % 50)} +FLAGS (\\Deleted)`)
    await client.ok(`UID EXPUNGE ${1 + (i % 50)}`)
    server.maildir.put(`new/${1_750_000_000 + i}.M${i}P${seed}.delivered`, message('delivered', i))
  }
}

mbsync.when(installed, 'mbsync is not installed')(
  'syncs while others move, flag, remove and deliver; both sides agree in the end',
  async () => {
    await using server = await ServedMaildir.start()
    fill(server, 3)
    const synced = new Synced(server, `SSLType None\nAuthMechs LOGIN\nPort ${server.port}`)
    {
      await using client = await server.client()
      await client.ok('CREATE "INBOX.moved here"')
    }
    let over = false
    const disturbing = [1, 2, 3].map((seed) => disturb(server, seed, () => over))
    for (let i = 0; i < (isLong ? 20 : 2); i++) await synced.run()
    over = true
    await Promise.all(disturbing)
    await synced.run()
    await synced.run()
    synced.assertSame()
  },
)

mbsync.run()
