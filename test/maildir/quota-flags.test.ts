/** What \Deleted does to `maildirsize`: such messages do not count. */
import {readdirSync, readFileSync, renameSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import * as assert from 'uvu/assert'
import {FLAG, type FlagChange} from '../../src/maildir/types.js'
import {Fault} from '../../src/support/fault.js'
import {allNumbers, INBOX, openStore, TemporaryMaildir} from '../support/store.js'
import {suite} from '../support/suite.js'

const quotaFlags = suite('\\Deleted and the quota')

const DELETE: FlagChange = {mode: 'add', flags: FLAG.deleted, keywords: []}
const UNDELETE: FlagChange = {mode: 'remove', flags: FLAG.deleted, keywords: []}

/** An account of messages of 100 octets, as their names say, and its quota. */
function account(messages: number, quota: string): TemporaryMaildir {
  const maildir = new TemporaryMaildir()
  for (let number = 0; number < messages; number += 1) maildir.put(`cur/${1000 + number}.M1P1.host,S=100:2,`)
  writeFileSync(join(maildir.path, 'maildirsize'), quota)
  return maildir
}

const linesOf = (maildir: TemporaryMaildir) => readFileSync(join(maildir.path, 'maildirsize'), 'latin1').split('\n').slice(1, -1)
const marked = (maildir: TemporaryMaildir) => readdirSync(join(maildir.path, 'cur')).filter((name) => name.endsWith('T')).length

quotaFlags('many messages that are marked in one go are one line', async () => {
  using maildir = account(200, '1000000S\n       20000          200\n')
  const view = await (await openStore(maildir)).select(INBOX, {readOnly: false})
  await view.store(allNumbers(view), DELETE)
  assert.equal(linesOf(maildir), ['       20000          200', '      -20000         -200'])
  await view.store(allNumbers(view), UNDELETE)
  assert.equal(linesOf(maildir).slice(2), ['       20000          200'])
  view.close()
})

quotaFlags('of messages that count again as many are taken as there is room for', async () => {
  using maildir = account(10, '1000000S\n        1000           10\n')
  const store = await openStore(maildir)
  const view = await store.select(INBOX, {readOnly: false})
  await view.store(allNumbers(view), DELETE)
  writeFileSync(join(maildir.path, 'maildirsize'), '350S\n           0            0\n')
  try {
    await view.store(allNumbers(view), UNDELETE)
    assert.unreachable()
  } catch (error) {
    assert.ok(error instanceof Fault && error.code === 'over-quota', String(error))
  }
  assert.is(marked(maildir), 7)
  assert.equal((await store.quota())?.bytes, {used: 300, limit: 350})
  view.close()
})

quotaFlags('a message that somebody else marked in the same moment is counted once by us', async () => {
  using maildir = account(3, '1000S\n         300            3\n')
  const view = await (await openStore(maildir)).select(INBOX, {readOnly: false})
  const cur = join(maildir.path, 'cur')
  renameSync(join(cur, '1001.M1P1.host,S=100:2,'), join(cur, '1001.M1P1.host,S=100:2,T'))
  await view.store(allNumbers(view), DELETE)
  const taken = linesOf(maildir).reduce((bytes, line) => bytes + Number.parseInt(line, 10), 0)
  assert.is(taken, 100) // the other program has to count its own
  view.close()
})

quotaFlags.run()
