import {EventEmitter} from 'node:events'
import type {FSWatcher} from 'node:fs'
import {mkdirSync, renameSync, unlinkSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import * as assert from 'uvu/assert'
import {FolderWatcher, type WatcherOptions} from '../../src/maildir/folder/watcher.js'
import {NodeFiles} from '../../src/maildir/node-files.js'
import type {View} from '../../src/maildir/types.js'
import {INBOX, openStore, TemporaryMaildir} from '../support/store.js'
import {suite} from '../support/suite.js'

const watcher = suite('Watching a folder')

/** Opens INBOX and watches it; answers with a function that waits until the view has news. */
async function watched(
  maildir: TemporaryMaildir,
  options: WatcherOptions,
): Promise<{view: View; news: () => Promise<void>; end: () => void}> {
  const store = await openStore(maildir, {watcher: new FolderWatcher(new NodeFiles(), options)})
  const view = await store.select(INBOX, {readOnly: false})
  let ring: () => void = () => {}
  const unwatch = view.watch(() => ring())
  // The watcher's own timers do not keep a process alive.
  const alive = setInterval(() => {}, 1000)
  const news = () =>
    new Promise<void>((resolve) => {
      ring = resolve
    })
  const end = () => {
    unwatch()
    clearInterval(alive)
  }
  return {view, news, end}
}

function deliver(maildir: TemporaryMaildir, name: string): void {
  maildir.put(`tmp/${name}`)
  renameSync(join(maildir.path, 'tmp', name), join(maildir.path, 'new', name))
}

/** A watch that never says anything, as one whose events were lost. */
function deaf(): FSWatcher {
  return Object.assign(new EventEmitter(), {close: () => {}, ref: () => deaf(), unref: () => deaf()}) as unknown as FSWatcher
}

watcher('tells of deliveries, flags and deletions by other programs', async () => {
  using maildir = new TemporaryMaildir()
  const {view, news, end} = await watched(maildir, {})
  let told = news()
  deliver(maildir, '1.host')
  await told
  assert.is(view.updates({expunges: true})[0]?.kind, 'exists')
  told = news()
  renameSync(join(maildir.path, 'cur/1.host:2,'), join(maildir.path, 'cur/1.host:2,S'))
  await told
  assert.is(view.updates({expunges: true})[0]?.kind, 'flags')
  told = news()
  unlinkSync(join(maildir.path, 'cur/1.host:2,S'))
  await told
  assert.is(view.updates({expunges: true})[0]?.kind, 'expunge')
  end()
})

watcher('what lost events would have told is found at the next regular look', async () => {
  using maildir = new TemporaryMaildir()
  const {view, news, end} = await watched(maildir, {watch: deaf, lookAgainMs: 100})
  const told = news()
  deliver(maildir, '1.host')
  await told
  assert.is(view.updates({expunges: true})[0]?.kind, 'exists')
  end()
})

watcher('an overflow of the event queue loses nothing', async () => {
  using maildir = new TemporaryMaildir()
  const {view, end} = await watched(maildir, {lookAgainMs: 300})
  // More events than the kernel keeps (16,384), while nobody takes them.
  writeFileSync(join(maildir.path, 'cur/0.host:2,'), 'Subject: x\n\nx\n')
  let name = '0.host:2,'
  for (let number = 0; number < 12_000; number += 1) {
    const next = number % 2 ? '0.host:2,S' : '0.host:2,F'
    renameSync(join(maildir.path, 'cur', name), join(maildir.path, 'cur', next))
    name = next
  }
  deliver(maildir, '1.host')
  const until = performance.now() + 20_000
  while (view.size < 2 && performance.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, 20))
    view.updates({expunges: true})
  }
  assert.is(view.size, 2)
  end()
})

for (const code of ['ENOSPC', 'EMFILE']) {
  watcher(`a folder that cannot be watched (${code}) is polled`, async () => {
    using maildir = new TemporaryMaildir()
    const refuse = () => {
      throw Object.assign(new Error(code), {code})
    }
    const {view, news, end} = await watched(maildir, {watch: refuse, pollMs: 50})
    const told = news()
    deliver(maildir, '1.host')
    await told
    assert.is(view.updates({expunges: true})[0]?.kind, 'exists')
    end()
  })
}

watcher('a keyword directory that is made later is watched too', async () => {
  using maildir = new TemporaryMaildir()
  maildir.put('cur/1.host:2,')
  const {view, news, end} = await watched(maildir, {})
  let told = news()
  deliver(maildir, '2.host')
  await told
  view.updates({expunges: true})
  mkdirSync(join(maildir.path, 'courierimapkeywords'))
  told = news()
  deliver(maildir, '3.host')
  await told
  view.updates({expunges: true})
  told = news()
  writeFileSync(join(maildir.path, 'courierimapkeywords', '.tmp.x'), '$Later\n')
  renameSync(join(maildir.path, 'courierimapkeywords', '.tmp.x'), join(maildir.path, 'courierimapkeywords', '1.host'))
  await told
  assert.equal(view.keywords, ['$Later'])
  end()
})

watcher.run()
