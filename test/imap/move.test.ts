import {existsSync, readdirSync, readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import * as assert from 'uvu/assert'
import {LARGEST_BATCH} from '../../src/maildir/folder/lock-batches.js'
import {NodeFiles} from '../../src/maildir/node-files.js'
import {ImapClient} from '../support/imap-client.js'
import {imapServer, PASSWORD} from '../support/imap-server.js'
import {makeFolder, TemporaryMaildir} from '../support/store.js'
import {suite} from '../support/suite.js'

const move = suite('MOVE')

/** Some files of INBOX cannot be removed. */
class Stuck extends NodeFiles {
  readonly #isStuck: (path: string) => boolean

  constructor(isStuck: (path: string) => boolean) {
    super()
    this.#isStuck = isStuck
  }

  override async unlinkAll(directory: string, names: readonly string[]): Promise<readonly (Error | undefined)[]> {
    const failed = Object.assign(new Error('EIO: input/output error'), {code: 'EIO'})
    const isStuck = (name: string) => this.#isStuck(`${directory}/${name}`)
    const free = await super.unlinkAll(
      directory,
      names.filter((name) => !isStuck(name)),
    )
    const outcomes = [...free]
    return names.map((name) => (isStuck(name) ? failed : outcomes.shift()))
  }
}

for (const [title, stuck, left, moved] of [
  ['one message that cannot be removed stays without a copy, and the others move', ['1001'], 1, 2],
  ['when none can be removed, nothing has moved', ['1000', '1001', '1002'], 3, 0],
] as const) {
  move(title, async () => {
    using maildir = new TemporaryMaildir()
    makeFolder(join(maildir.path, '.Archive'))
    for (const number of [1000, 1001, 1002]) maildir.put(`cur/${number}.M1P1.host,S=100:2,S`)
    writeFileSync(join(maildir.path, 'maildirsize'), '100000S\n         300            3\n')
    const files = new Stuck((path) => !path.includes('.Archive') && stuck.some((name) => path.includes(`/cur/${name}.`)))
    await using server = await imapServer({maildir, environment: {files}})
    await using client = await ImapClient.connect(server.port)
    await client.ok(`LOGIN alice ${PASSWORD}`)
    await client.ok('SELECT INBOX')
    const {status, text, untagged} = await client.command('UID MOVE 1:3 INBOX.Archive')
    const reply = untagged.join('\n')
    assert.is(status, 'NO')
    assert.match(text, /^\[ALERT\] MOVE failed/)
    assert.is([...reply.matchAll(/\* \d+ EXPUNGE/g)].length, moved)
    assert.is(/COPYUID \d+ 1,3 1,3/.test(reply), moved === 2)
    assert.is(/COPYUID/.test(reply), moved > 0)
    assert.is(readdirSync(join(maildir.path, 'cur')).length, left)
    assert.is(readdirSync(join(maildir.path, '.Archive/cur')).length, moved)
    const lines = readFileSync(join(maildir.path, 'maildirsize'), 'latin1').split('\n').slice(1, -1)
    assert.is(
      lines.reduce((sum, line) => sum + Number(line.trim().split(/ +/)[1]), 0),
      3,
    )
    assert.ok(existsSync(join(maildir.path, 'cur/1001.M1P1.host,S=100:2,S')))
  })
}

/** From some call on somebody else holds the lock of INBOX. */
class Locked extends NodeFiles {
  readonly #lock: string
  /** How often it can still be taken. */
  left = Number.POSITIVE_INFINITY

  constructor(lock: string) {
    super()
    this.#lock = lock
  }

  override async link(from: string, to: string): Promise<void> {
    if (to === this.#lock && this.left-- <= 0) throw Object.assign(new Error('EEXIST: file already exists'), {code: 'EEXIST'})
    return super.link(from, to)
  }
}

move('what has moved before somebody took the lock is told and counted, and the rest stays without copies', async () => {
  using maildir = new TemporaryMaildir()
  makeFolder(join(maildir.path, '.Archive'))
  const count = LARGEST_BATCH + 50
  for (let number = 0; number < count; number += 1) maildir.put(`cur/${1000 + number}.M1P1.host,S=100:2,S`)
  writeFileSync(join(maildir.path, 'maildirsize'), `1000000S\n ${count * 100} ${count}\n`)
  const files = new Locked(join(maildir.path, 'tmp/courier.lock'))
  await using server = await imapServer({maildir, environment: {files, lockDeadlineMs: 0}})
  await using client = await ImapClient.connect(server.port)
  await client.ok(`LOGIN alice ${PASSWORD}`)
  await client.ok('SELECT INBOX')
  files.left = 1
  const {status, text, untagged} = await client.command('UID MOVE 1:* INBOX.Archive')
  assert.is(status, 'NO')
  assert.match(text, /INUSE/)
  const left = readdirSync(join(maildir.path, 'cur')).length
  assert.ok(left > 0 && left < count, `${left}`)
  assert.is(untagged.join('\n').match(/\* \d+ EXPUNGE/g)?.length, count - left)
  assert.is(readdirSync(join(maildir.path, '.Archive/cur')).length, count - left)
  const lines = readFileSync(join(maildir.path, 'maildirsize'), 'latin1').split('\n').slice(1, -1)
  assert.is(
    lines.reduce((sum, line) => sum + Number(line.trim().split(/ +/)[1]), 0),
    count,
  )
})

move.run()
