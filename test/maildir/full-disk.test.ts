/** A full disk: mail can be read, marked, removed; nothing is half written; and all goes on when there is room again. */
import {readdirSync} from 'node:fs'
import {join} from 'node:path'
import * as assert from 'uvu/assert'
import type {FileFacts, NewFile} from '../../src/maildir/files.js'
import {Mailstores} from '../../src/maildir/mailstores.js'
import {NodeFiles} from '../../src/maildir/node-files.js'
import {FLAG, type FolderName, type Mailstore, type View} from '../../src/maildir/types.js'
import {Fault} from '../../src/support/fault.js'
import {allNumbers, append, INBOX, openStore, storeEnvironment, TemporaryMaildir} from '../support/store.js'
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

/** A disk that is full from the call with this number on: also in the middle of a file, and for names in directories. */
class FillingDisk extends NodeFiles {
  calls = 0
  fullFrom = Number.POSITIVE_INFINITY

  #check(): void {
    this.calls += 1
    if (this.calls > this.fullFrom) throw Object.assign(new Error('ENOSPC: no space left on device'), {code: 'ENOSPC'})
  }

  override async create(...call: Parameters<NodeFiles['create']>): Promise<FileFacts> {
    this.#check()
    return super.create(...call)
  }

  override async begin(...call: Parameters<NodeFiles['begin']>): Promise<NewFile> {
    this.#check()
    const file = await super.begin(...call)
    const write = file.write.bind(file)
    const finish = file.finish.bind(file)
    return Object.assign(file, {
      write: async (chunk: Buffer) => {
        // What fits is written.
        if (this.calls >= this.fullFrom) await write(chunk.subarray(0, chunk.length / 2))
        this.#check()
        await write(chunk)
      },
      finish: async (options: Parameters<NewFile['finish']>[0]) => {
        this.#check()
        return finish(options)
      },
    })
  }

  override async append(...call: Parameters<NodeFiles['append']>): Promise<boolean> {
    this.#check()
    return super.append(...call)
  }

  override async mkdir(...call: Parameters<NodeFiles['mkdir']>): Promise<void> {
    this.#check()
    return super.mkdir(...call)
  }

  override async link(...call: Parameters<NodeFiles['link']>): Promise<void> {
    this.#check()
    return super.link(...call)
  }

  override async linkAll(moves: Parameters<NodeFiles['linkAll']>[0]): Promise<readonly (Error | undefined)[]> {
    const failures: (Error | undefined)[] = []
    for (const {from, to} of moves)
      failures.push(
        await this.link(from, to).then(
          () => undefined,
          (error: Error) => error,
        ),
      )
    return failures
  }
}

const text = (name: string) => `Subject: ${name}\n\n${name.repeat(2000)}\n`

/** Messages by their subjects, and whether each is whole. @throws when one is not */
async function subjects(store: Mailstore, folder: FolderName): Promise<string[]> {
  const view = await store.select(folder, {readOnly: true})
  const found: string[] = []
  for (const number of allNumbers(view)) {
    using message = await view.open(number)
    const content = String(message?.whole)
    const name = /^Subject: (.*)/.exec(content)?.[1] ?? ''
    assert.is(content, text(name), `${name} is not whole`)
    found.push(name)
  }
  view.close()
  return found.sort()
}

/** What is done while the disk fills up. Each answers with the messages that have to be in the two folders from then on. */
const STEPS: readonly {
  readonly run: (store: Mailstore) => Promise<unknown>
  readonly after: (before: readonly string[][]) => string[][]
}[] = [
  {run: (store) => append(store, INBOX, text('a')), after: ([inbox = [], other = []]) => [[...inbox, 'a'], other]},
  {run: (store) => append(store, OTHER, text('b'), {keywords: ['k']}), after: ([inbox = [], other = []]) => [inbox, [...other, 'b']]},
  {
    run: (store) => withView(store, (view) => view.copy(allNumbers(view), OTHER)),
    after: ([inbox = [], other = []]) => [inbox, [...other, ...inbox]],
  },
  {
    run: (store) => withView(store, (view) => view.store(allNumbers(view), {mode: 'add', flags: FLAG.flagged, keywords: ['w']})),
    after: ([inbox = [], other = []]) => [inbox, other],
  },
  {
    run: (store) => withView(store, (view) => view.move(allNumbers(view).slice(0, 1), OTHER)),
    after: ([inbox = [], other = []]) => [inbox.slice(1), [...other, ...inbox.slice(0, 1)]],
  },
  {run: (store) => store.create('INBOX.new' as FolderName), after: ([inbox = [], other = []]) => [inbox, other]},
]

async function withView<T>(store: Mailstore, task: (view: View) => Promise<T>): Promise<T> {
  const view = await store.select(INBOX, {readOnly: false})
  try {
    return await task(view)
  } finally {
    view.close()
  }
}

for (const [number, {run, after}] of STEPS.entries()) {
  fullDisk(`that fills up in the middle of a change: it is made or refused, and nothing is half there (${number})`, async () => {
    for (let calls = 0, isThrough = false; !isThrough; calls += 1) {
      using maildir = new TemporaryMaildir()
      maildir.put('maildirsize', '10000000S\n0 0\n')
      const files = new FillingDisk()
      const store = await new Mailstores(storeEnvironment({files})).open({maildir: maildir.path, quota: '10000000S'})
      for (const name of ['x', 'y']) await append(store, INBOX, text(name))
      await store.create(OTHER)
      await append(store, OTHER, text('z'))
      const before = [await subjects(store, INBOX), await subjects(store, OTHER)]
      files.calls = 0
      files.fullFrom = calls
      const code = await codeOf(run(store))
      isThrough = files.calls <= calls
      const expected = code === 'done' ? after(before).map((names) => names.sort()) : before
      if (code !== 'done') assert.is(code, 'no-space', `after ${calls} calls`)
      const found = async (each: Mailstore) => [await subjects(each, INBOX), await subjects(each, OTHER)]
      assert.equal(await found(store), expected, `on the full disk, after ${calls} calls: ${code}`)
      files.fullFrom = Number.POSITIVE_INFINITY
      assert.equal(await found(store), expected, `with room again, after ${calls} calls: ${code}`)
      const fresh = await openStore(maildir, {pid: process.pid + 1, isAlive: () => false})
      assert.equal(await found(fresh), expected, `for another process, after ${calls} calls: ${code}`)
      for (const part of ['', '.other']) assert.equal(readdirSync(join(maildir.path, part, 'tmp')), [], `tmp after ${calls} calls`)
      if (code !== 'done') assert.is(await codeOf(run(store)), 'done', `again, after ${calls} calls`)
      store.release()
      fresh.release()
    }
  })
}

fullDisk.run()
