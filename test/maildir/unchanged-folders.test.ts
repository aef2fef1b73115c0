import {tmpdir} from 'node:os'
import * as assert from 'uvu/assert'
import {NodeFiles} from '../../src/maildir/node-files.js'
import {FLAG, type MessageNumber} from '../../src/maildir/types.js'
import {INBOX, openStore, TemporaryMaildir, TMPFS} from '../support/store.js'
import {suite} from '../support/suite.js'

const unchanged = suite('Unchanged folders')

/** Time stamps of the kernel move in steps that are shorter. */
const STEP_MS = 30
const DAY_MS = 86_400_000

/** Counts how often `cur/` is read. */
class CountingFiles extends NodeFiles {
  readings = 0
  /** How often the UID database is. */
  uidReadings = 0
  touched = 0

  override async readFile(path: string, limitBytes: number): Promise<Buffer | undefined> {
    if (path.endsWith('/courierimapuiddb')) this.uidReadings += 1
    return super.readFile(path, limitBytes)
  }

  override async touch(path: string, mtimeMs: number): Promise<void> {
    await super.touch(path, mtimeMs)
    this.touched += 1
  }

  override async list(path: string): Promise<string[]> {
    if (path.endsWith('/cur')) this.readings += 1
    return super.list(path)
  }
}

for (const [where, below] of [
  ['on disk', tmpdir()],
  ['on tmpfs', TMPFS],
] as const) {
  unchanged.when(below, 'no tmpfs')(`are read once, although their UID database was written then (${where})`, async () => {
    using maildir = new TemporaryMaildir(below)
    for (let number = 1; number <= 5; number += 1) maildir.put(`cur/${1000 + number}.M1.host:2,`)
    await new Promise((resolve) => setTimeout(resolve, STEP_MS))
    const files = new CountingFiles()
    const store = await openStore(maildir, {files})
    for (let time = 0; time < 3; time += 1) {
      const view = await store.select(INBOX, {readOnly: false})
      assert.is(view.size, 5)
      view.close()
    }
    assert.is(files.readings, 1)
  })

  unchanged.when(below, 'no tmpfs')(`have a UID database that is not read again after it got another file time (${where})`, async () => {
    using maildir = new TemporaryMaildir(below)
    maildir.put('cur/1001.M1.host:2,')
    const before = await (await openStore(maildir)).select(INBOX, {readOnly: false})
    before.close()
    const files = new CountingFiles()
    const setBack = {files, nowMs: () => Date.now() - DAY_MS}
    const view = await (await openStore(maildir, setBack)).select(INBOX, {readOnly: false})
    maildir.put('new/1002.M1.host')
    await view.refresh()
    while (files.touched === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    const {uidReadings} = files
    maildir.put('cur/1003.M1.host:2,')
    await view.refresh()
    view.updates({expunges: true})
    assert.is(view.size, 3)
    assert.is(files.uidReadings, uidReadings)
    view.close()
  })

  unchanged.when(below, 'no tmpfs')(`are read again after another program has given UIDs in them (${where})`, async () => {
    using maildir = new TemporaryMaildir(below)
    maildir.put('cur/1001.M1.host:2,')
    await new Promise((resolve) => setTimeout(resolve, STEP_MS))
    const store = await openStore(maildir)
    const first = await store.select(INBOX, {readOnly: false})
    const uids = await openStore(maildir)
    maildir.put('cur/1002.M1.host:2,')
    const other = await uids.select(INBOX, {readOnly: false})
    const again = await store.select(INBOX, {readOnly: false})
    assert.equal([first.size, other.size, again.size], [1, 2, 2])
    for (const view of [first, other, again]) view.close()
  })
}

for (const stamps of [true, false]) {
  const often = stamps
    ? 'not read again at once after changes of ours, where every change shows'
    : 'read again after each change of ours, where some may not show'
  unchanged(`are ${often}`, async () => {
    using maildir = new TemporaryMaildir()
    for (let number = 1; number <= 3; number += 1) maildir.put(`cur/${1000 + number}.M1.host:2,`)
    await new Promise((resolve) => setTimeout(resolve, STEP_MS))
    const files = new (class extends CountingFiles {
      override stampsEachChange(): boolean {
        return stamps
      }
    })()
    const store = await openStore(maildir, {files})
    const view = await store.select(INBOX, {readOnly: false})
    for (let time = 0; time < 3; time += 1) {
      await view.store([1 as MessageNumber], {mode: time === 1 ? 'remove' : 'add', flags: FLAG.flagged, keywords: []})
      await view.refresh()
    }
    assert.is(files.readings, stamps ? 1 : 4)
    await new Promise((resolve) => setTimeout(resolve, STEP_MS))
    maildir.put('cur/1004.M1.host:2,')
    await view.refresh()
    view.updates({expunges: true})
    assert.is(view.size, 4)
    assert.is(files.readings, stamps ? 2 : 5)
    view.close()
  })
}

unchanged.run()
