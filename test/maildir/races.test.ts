import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, unlinkSync, utimesSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import {fileURLToPath} from 'node:url'
import * as assert from 'uvu/assert'
import {FLAG, type FolderName, type MessageNumber} from '../../src/maildir/types.js'
import {Fault, Hangup} from '../../src/support/fault.js'
import {BeatenFiles} from '../support/beaten-files.js'
import {isLong} from '../support/is-long.js'
import {Ledger, work} from '../support/ledger.js'
import {allNumbers, INBOX, makeFolder, openStore, TemporaryMaildir, TMPFS} from '../support/store.js'
import {suite} from '../support/suite.js'

const SECONDS = isLong ? 60 : 3
const MESSAGES = isLong ? 5000 : 2000
const renamer = join(dirname(fileURLToPath(import.meta.url)), '../support/renamer.js')

const races = suite('Races with other programs', {limitMs: isLong ? 200_000 : 60_000})

for (const [place, below] of [
  ['on disk', tmpdir()],
  ['on tmpfs', TMPFS],
] as const) {
  races.when(below, 'no tmpfs')(
    `while another program renames without a lock, no message is lost, doubled or renumbered (${place})`,
    async () => {
      using maildir = new TemporaryMaildir(below)
      for (let number = 0; number < MESSAGES; number += 1) maildir.put(`cur/${1_700_000_000 + number}.M1P1_${number}.host,S=30:2,`)
      const store = await openStore(maildir)
      const view = await store.select(INBOX, {readOnly: false})
      const ledger = new Ledger(view, maildir.path)
      const child = spawn(process.execPath, [renamer, maildir.path, String(SECONDS), '50'], {stdio: ['ignore', 'pipe', 'inherit']})
      const ended = once(child, 'close')
      let running = true
      void ended.then(() => {
        running = false
      })
      await work(() => running, {store, view, ledger})
      await ended
      await view.refresh()
      ledger.take()
      ledger.checkDatabase()
      ledger.checkFiles()
      assert.ok(view.size > MESSAGES / 2)
    },
  )
}

races('two changes within one step of the clock are both seen', async () => {
  using maildir = new TemporaryMaildir(TMPFS)
  const view = await (await openStore(maildir)).select(INBOX, {readOnly: false})
  for (let number = 0; number < 300; number += 1) {
    maildir.put(`cur/${number}a.host:2,`)
    await view.refresh()
    maildir.put(`cur/${number}b.host:2,`)
    await view.refresh()
    view.updates({expunges: true})
    assert.is(view.size, 2 * (number + 1))
  }
})

races('a time stamp that was set back hides nothing', async () => {
  using maildir = new TemporaryMaildir()
  maildir.put('cur/1.host:2,')
  const view = await (await openStore(maildir)).select(INBOX, {readOnly: false})
  await new Promise((resolve) => setTimeout(resolve, 50))
  await view.refresh()
  maildir.put('cur/2.host:2,')
  utimesSync(join(maildir.path, 'cur'), 1000, 1000)
  await view.refresh()
  view.updates({expunges: true})
  assert.is(view.size, 2)
})

races('flags of a message that others keep renaming: the others get them, and the client is told that it did not', async () => {
  using maildir = new TemporaryMaildir()
  for (const name of ['1.host:2,', '2.host:2,S', '3.host:2,']) maildir.put(`cur/${name}`)
  const store = await openStore(maildir, {files: new BeatenFiles('2.host')})
  const view = await store.select(INBOX, {readOnly: false})
  await assertFault(view.store(allNumbers(view), {mode: 'add', flags: FLAG.flagged, keywords: []}), 'busy')
  const names = readdirSync(join(maildir.path, 'cur')).sort()
  assert.equal([names[0], names[2]], ['1.host:2,F', '3.host:2,F'])
  assert.equal(
    allNumbers(view).map((number) => (view.flagsOf(number) & FLAG.flagged) !== 0),
    [true, false, true],
  )
})

races('a message that others keep renaming is not removed, and the client is told; the others are removed', async () => {
  using maildir = new TemporaryMaildir()
  for (const name of ['1.host:2,T', '2.host:2,T', '3.host:2,T', '4.host:2,']) maildir.put(`cur/${name}`)
  const store = await openStore(maildir, {files: new BeatenFiles('2.host')})
  const view = await store.select(INBOX, {readOnly: false})
  await assertFault(view.expunge(), 'busy')
  assert.equal(
    readdirSync(join(maildir.path, 'cur'))
      .map((name) => name[0])
      .sort(),
    ['2', '4'],
  )
  const updates = view.updates({expunges: true})
  assert.equal(
    updates.filter(({kind}) => kind !== 'flags').map((update) => (update.kind === 'expunge' ? update.uid : update.kind)),
    [1, 3, 'exists'],
  )
  assert.is(view.size, 2)
})

races('a folder that was deleted under a session is noticed, and opened anew when it is back', async () => {
  using maildir = new TemporaryMaildir()
  makeFolder(join(maildir.path, '.a'))
  maildir.put('.a/cur/1.host:2,')
  const store = await openStore(maildir)
  const name = 'INBOX.a' as FolderName
  const view = await store.select(name, {readOnly: false})
  rmSync(join(maildir.path, '.a'), {recursive: true})
  await assertGone(view.refresh())
  await assertFault(store.select(name, {readOnly: false}), 'no-such-mailbox')
  makeFolder(join(maildir.path, '.a'))
  const again = await store.select(name, {readOnly: false})
  assert.is(again.size, 0)
  assert.ok(again.uidValidity > view.uidValidity)
})

races('a folder that was replaced by another under a session is noticed', async () => {
  using maildir = new TemporaryMaildir()
  makeFolder(join(maildir.path, '.a'))
  makeFolder(join(maildir.path, '.b'))
  maildir.put('.b/cur/1.host:2,')
  const store = await openStore(maildir)
  const view = await store.select('INBOX.a' as FolderName, {readOnly: false})
  renameSync(join(maildir.path, '.a'), join(maildir.path, '.old'))
  renameSync(join(maildir.path, '.b'), join(maildir.path, '.a'))
  await assertGone(view.refresh())
  assert.is((await store.select('INBOX.a' as FolderName, {readOnly: false})).size, 1)
})

races('a UID database that another program wrote is taken over', async () => {
  using maildir = new TemporaryMaildir()
  maildir.put('cur/x:2,S')
  maildir.put('cur/y:2,')
  writeFileSync(join(maildir.path, 'courierimapuiddb'), '1 77 50\n40 x\n')
  const view = await (await openStore(maildir)).select(INBOX, {readOnly: false})
  assert.is(view.uidValidity, 77)
  assert.equal(
    allNumbers(view).map((number) => view.uidOf(number)),
    [40, 50],
  )
  assert.is(readFileSync(join(maildir.path, 'courierimapuiddb'), 'utf8'), '1 77 51\n40 x\n50 y\n')
  maildir.put('cur/z:2,')
  writeFileSync(join(maildir.path, 'courierimapuiddb'), '1 77 61\n40 x\n50 y\n60 z\n')
  await view.refresh()
  assert.equal(view.updates({expunges: true}), [{kind: 'exists', messages: 3, recent: 1}])
  assert.is(view.uidOf(3 as MessageNumber), 60)
})

races('a message that another scan forgot keeps its UID', async () => {
  using maildir = new TemporaryMaildir()
  for (const name of ['x', 'y']) maildir.put(`cur/${name}:2,`)
  const view = await (await openStore(maildir)).select(INBOX, {readOnly: false})
  writeFileSync(join(maildir.path, 'courierimapuiddb'), `1 ${view.uidValidity} 3\n2 y\n`)
  await view.refresh()
  assert.equal(view.updates({expunges: true}), [])
  assert.is(readFileSync(join(maildir.path, 'courierimapuiddb'), 'utf8'), `1 ${view.uidValidity} 3\n1 x\n2 y\n`)
})

for (const [title, content] of [
  ['garbage', 'no database\n'],
  ['of another version', '2 5 5\n1 x\n'],
  ['empty', ''],
] as const) {
  races(`a UID database that is ${title} is made anew`, async () => {
    using maildir = new TemporaryMaildir()
    maildir.put('cur/x:2,S')
    writeFileSync(join(maildir.path, 'courierimapuiddb'), content)
    const view = await (await openStore(maildir)).select(INBOX, {readOnly: false})
    assert.is(view.size, 1)
    assert.is(readFileSync(join(maildir.path, 'courierimapuiddb'), 'utf8'), `1 ${view.uidValidity} 2\n1 x\n`)
  })
}

races('one message under two names is one message with one UID', async () => {
  using maildir = new TemporaryMaildir()
  maildir.put('cur/x:2,')
  maildir.put('cur/x:2,S')
  const view = await (await openStore(maildir)).select(INBOX, {readOnly: false})
  assert.is(view.size, 1)
  await view.refresh()
  assert.equal(view.updates({expunges: true}), [])
})

races('a delivery whose name is taken replaces nothing', async () => {
  using maildir = new TemporaryMaildir()
  maildir.put('cur/x:2,', 'old\n')
  maildir.put('new/x', 'new\n')
  const view = await (await openStore(maildir)).select(INBOX, {readOnly: false})
  assert.is(view.size, 2)
  const contents = readdirSync(join(maildir.path, 'cur')).map((name) => readFileSync(join(maildir.path, 'cur', name), 'utf8'))
  assert.equal(contents.sort(), ['new\n', 'old\n'])
})

races('a missing tmp directory is made again', async () => {
  using maildir = new TemporaryMaildir()
  maildir.put('new/1.host')
  rmSync(join(maildir.path, 'tmp'), {recursive: true})
  const view = await (await openStore(maildir)).select(INBOX, {readOnly: false})
  assert.is(view.size, 1)
  assert.ok(existsSync(join(maildir.path, 'tmp')))
})

races('events that the watcher loses are made good', async () => {
  using maildir = new TemporaryMaildir()
  const view = await (await openStore(maildir)).select(INBOX, {readOnly: false})
  let changes = 0
  const changed = deferred()
  const unwatch = view.watch(() => {
    changes += 1
    if (changes === 1) changed.resolve(undefined)
  })
  mkdirSync(join(maildir.path, 'new', '.ignored'))
  maildir.put('new/1.host')
  await changed.promise
  view.updates({expunges: true})
  assert.is(view.size, 1)
  unlinkSync(join(maildir.path, 'cur', '1.host:2,'))
  await view.refresh()
  assert.is(view.updates({expunges: true})[0]?.kind, 'expunge')
  unwatch()
})

function deferred(): {promise: Promise<unknown>; resolve: (value: unknown) => void} {
  let resolve: (value: unknown) => void = () => {}
  const promise = new Promise((done) => {
    resolve = done
  })
  return {promise, resolve}
}

async function assertGone(promise: Promise<unknown>): Promise<void> {
  try {
    await promise
  } catch (error) {
    assert.instance(error, Hangup)
    assert.is((error as Hangup).reason, 'mailbox-gone')
    return
  }
  assert.unreachable('The session goes on')
}

async function assertFault(promise: Promise<unknown>, code: string): Promise<void> {
  try {
    await promise
  } catch (error) {
    assert.instance(error, Fault)
    assert.is((error as Fault).code, code)
    return
  }
  assert.unreachable(`No Fault "${code}"`)
}

races.run()
