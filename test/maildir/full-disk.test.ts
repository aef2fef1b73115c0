/** A full disk: mail can be read, marked, removed; nothing is half written; and all goes on when there is room again. */
import {readdirSync} from 'node:fs'
import {join} from 'node:path'
import * as assert from 'uvu/assert'
import type {FileFacts, NewFile} from '../../src/maildir/files.js'
import {Mailstores} from '../../src/maildir/mailstores.js'
import {NodeFiles} from '../../src/maildir/node-files.js'
import {FLAG, type FolderName} from '../../src/maildir/types.js'
import {Fault} from '../../src/support/fault.js'
import {allNumbers, append, INBOX, storeEnvironment, TemporaryMaildir} from '../support/store.js'
import {suite} from '../support/suite.js'

const fullDisk = suite('Full disk')

/** Real files on a disk that can be full. */
class SmallDisk extends NodeFiles {
  isFull = false
  syncFails = false

  #check(): void {
    if (this.isFull) throw Object.assign(new Error('ENOSPC: no space left on device'), {code: 'ENOSPC'})
  }

  override async create(...call: Parameters<NodeFiles['create']>): Promise<FileFacts> {
    this.#check()
    return super.create(...call)
  }

  override async begin(...call: Parameters<NodeFiles['begin']>): Promise<NewFile> {
    this.#check()
    return super.begin(...call)
  }

  override async mkdir(...call: Parameters<NodeFiles['mkdir']>): Promise<void> {
    this.#check()
    return super.mkdir(...call)
  }

  override async syncDirectory(path: string): Promise<void> {
    if (this.syncFails) throw Object.assign(new Error('EMFILE: too many open files'), {code: 'EMFILE'})
    return super.syncDirectory(path)
  }
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'done',
    (error: unknown) => (error instanceof Fault ? error.code : String(error)),
  )
}

async function opened(maildir: TemporaryMaildir) {
  const files = new SmallDisk()
  return {files, store: await new Mailstores(storeEnvironment({files})).open({maildir: maildir.path, quota: undefined})}
}

const OTHER = 'INBOX.other' as FolderName

fullDisk('mail can be opened, read, marked and removed', async () => {
  using maildir = new TemporaryMaildir()
  const {files, store} = await opened(maildir)
  for (let i = 0; i < 3; i++) await append(store, INBOX, `Subject: ${i}\n\nx\n`)
  await store.create(OTHER)
  files.isFull = true
  const view = await store.select(INBOX, {readOnly: false})
  assert.is(view.size, 3)
  using message = await view.open(allNumbers(view)[0]!)
  assert.match(String(message?.whole), /^Subject: 0/)
  await view.store(allNumbers(view).slice(0, 2), {mode: 'add', flags: FLAG.deleted | FLAG.seen, keywords: []})
  await view.expunge()
  assert.is(readdirSync(join(maildir.path, 'cur')).length, 1)
  view.close()
  assert.is((await store.status(OTHER)).messages, 0)
  store.release()
})

fullDisk('nothing is added, and nothing is left of the attempt', async () => {
  using maildir = new TemporaryMaildir()
  const {files, store} = await opened(maildir)
  await append(store, INBOX, 'Subject: x\n\nx\n')
  await store.create(OTHER)
  const view = await store.select(INBOX, {readOnly: false})
  const [first] = allNumbers(view)
  files.isFull = true
  assert.is(await codeOf(append(store, INBOX, 'Subject: y\n\ny\n')), 'no-space')
  assert.is(await codeOf(view.copy([first!], OTHER)), 'no-space')
  assert.is(await codeOf(view.move([first!], OTHER)), 'no-space')
  assert.is(await codeOf(store.create('INBOX.third' as FolderName)), 'no-space')
  for (const part of ['tmp', '.other/tmp', '.other/cur', '.other/new']) assert.equal(readdirSync(join(maildir.path, part)), [], part)
  assert.is(readdirSync(join(maildir.path, 'cur')).length, 1)
  files.isFull = false
  assert.is((await view.copy([first!], OTHER)).to.length, 1)
  assert.is((await append(store, INBOX, 'Subject: y\n\ny\n')).uid, 2)
  view.close()
  store.release()
})

fullDisk('a message that cannot be made durable is not there, and its UID is not used again', async () => {
  using maildir = new TemporaryMaildir()
  const {files, store} = await opened(maildir)
  await append(store, INBOX, 'Subject: x\n\nx\n')
  await store.create(OTHER)
  const view = await store.select(INBOX, {readOnly: false})
  files.syncFails = true
  assert.is(await codeOf(append(store, INBOX, 'Subject: y\n\ny\n')), 'unavailable')
  assert.is(await codeOf(view.copy(allNumbers(view), OTHER)), 'unavailable')
  files.syncFails = false
  for (const part of ['tmp', '.other/tmp', '.other/cur']) assert.equal(readdirSync(join(maildir.path, part)), [], part)
  assert.is((await append(store, INBOX, 'Subject: y\n\ny\n')).uid, 3)
  assert.equal((await view.copy(allNumbers(view), OTHER)).to, [2])
  assert.is((await store.status(OTHER)).messages, 1)
  view.close()
  store.release()
})

fullDisk('new mail is shown when its UID can be saved, and not before', async () => {
  using maildir = new TemporaryMaildir()
  const {files, store} = await opened(maildir)
  await append(store, INBOX, 'Subject: x\n\nx\n')
  const view = await store.select(INBOX, {readOnly: false})
  files.isFull = true
  maildir.put('new/1700000000.M1P1.x')
  maildir.put('cur/1700000001.M1P1.x:2,S')
  await view.refresh()
  assert.equal(view.updates({expunges: true}), [])
  const second = await store.select(INBOX, {readOnly: true})
  assert.is(second.size, 1)
  assert.is(second.uidNext, 2)
  second.close()
  files.isFull = false
  await view.refresh()
  assert.equal(view.updates({expunges: true}), [{kind: 'exists', messages: 3, recent: 3}])
  assert.is(view.uidOf(allNumbers(view)[2]!), 3)
  view.close()
  store.release()
})

fullDisk.run()
