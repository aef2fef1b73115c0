import {lstatSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, unlinkSync} from 'node:fs'
import {join} from 'node:path'
import * as assert from 'uvu/assert'
import type {FileFacts} from '../../src/maildir/files.js'
import {MemoryIndex} from '../../src/maildir/index/memory-index.js'
import {type MetadataIndex, NO_INDEX} from '../../src/maildir/index/metadata-index.js'
import {NodeFiles} from '../../src/maildir/node-files.js'
import type {FolderName, View} from '../../src/maildir/types.js'
import {allNumbers, flatIndex, INBOX, makeFolder, openStore, TemporaryMaildir} from '../support/store.js'
import {suite} from '../support/suite.js'

const copies = suite('Copies')

const COUNT = 300
const ARCHIVE = 'INBOX.Archive' as FolderName

const nameOf = (number: number) => `${1_600_000_000 + number}.M${number}P1.host:2,S`

function filled(): TemporaryMaildir {
  const maildir = new TemporaryMaildir()
  makeFolder(join(maildir.path, '.Archive'))
  for (let number = 1; number <= COUNT; number += 1) maildir.put(`cur/${nameOf(number)}`)
  return maildir
}

/** Counts how often messages are looked at. */
class CountingFiles extends NodeFiles {
  looks = 0

  override stat(path: string): FileFacts | undefined {
    if (path.includes('/cur/')) this.looks += 1
    return super.stat(path)
  }
}

async function readSizes(view: View): Promise<void> {
  let asked = 0
  for await (const batch of view.metadata(allNumbers(view), 'size')) asked += batch.length
  assert.is(asked, COUNT)
}

/** Contents of the messages in a folder, in the order of the copies. */
function contents(maildir: TemporaryMaildir, folder: string): string[] {
  const cur = join(maildir.path, folder, 'cur')
  return readdirSync(cur).map((name) => readFileSync(join(cur, name), 'utf8'))
}

for (const [what, index] of [
  ['in files', () => flatIndex()],
  ['in memory', () => new MemoryIndex(1024 * 1024)],
] as const) {
  copies(`of messages that the index knows are made without looking at each file (${what})`, async () => {
    using maildir = filled()
    const files = new CountingFiles()
    const view = await (await openStore(maildir, {files, index: index()})).select(INBOX, {readOnly: false})
    await readSizes(view)
    files.looks = 0
    const {to} = await view.copy(allNumbers(view), ARCHIVE)
    assert.is(to.length, COUNT)
    assert.ok(files.looks < 10, `${files.looks}`)
    assert.equal(contents(maildir, '.Archive').sort(), contents(maildir, '').sort())
    view.close()
  })
}

for (const [what, index, reads] of [
  ['without an index', (): MetadataIndex => NO_INDEX, false],
  ['by an index that knows nothing', (): MetadataIndex => flatIndex(), false],
  ['by an index that knows the others', (): MetadataIndex => flatIndex(), true],
] as const) {
  copies(`leave out what is no file, and what has gone meanwhile (${what})`, async () => {
    using maildir = filled()
    const path = (number: number) => join(maildir.path, 'cur', nameOf(number))
    unlinkSync(path(7))
    symlinkSync('/etc/passwd', path(7))
    const view = await (await openStore(maildir, {index: index()})).select(INBOX, {readOnly: false})
    if (reads) await readSizes(view)
    rmSync(path(9))
    renameSync(path(11), `${path(11)}T`)
    const {from, to} = await view.copy(allNumbers(view), ARCHIVE)
    assert.is(to.length, COUNT - 2)
    const missing = allNumbers(view).filter((number) => !from.includes(view.uidOf(number)))
    assert.equal(missing, [7, 9])
    const cur = join(maildir.path, '.Archive/cur')
    assert.ok(readdirSync(cur).every((name) => lstatSync(join(cur, name)).isFile()))
    view.close()
  })
}

copies.run()
