import {existsSync, readdirSync} from 'node:fs'
import {join} from 'node:path'
import * as assert from 'uvu/assert'
import type {Move} from '../../src/maildir/files.js'
import {LARGEST_BATCH} from '../../src/maildir/folder/lock-batches.js'
import {NodeFiles} from '../../src/maildir/node-files.js'
import {FLAG} from '../../src/maildir/types.js'
import {allNumbers, INBOX, openStore, TemporaryMaildir} from '../support/store.js'
import {suite} from '../support/suite.js'

const batches = suite('Batches under the lock')

/** Longer than others are to wait, whatever the size of a batch is. */
const SLOW_MS = 60

/** Notes how many files are changed at once, and whether the lock is held then. */
class WatchedFiles extends NodeFiles {
  readonly sizes: number[] = []
  isLocked = true
  readonly #slowMs: number

  constructor(slowMs = 0) {
    super()
    this.#slowMs = slowMs
  }

  override async renameAll(directory: string, moves: readonly Move[]): Promise<readonly (Error | undefined)[]> {
    await this.#note(directory, moves.length)
    return super.renameAll(directory, moves)
  }

  override async unlinkAll(directory: string, names: readonly string[]): Promise<readonly (Error | undefined)[]> {
    await this.#note(directory, names.length)
    return super.unlinkAll(directory, names)
  }

  async #note(directory: string, size: number): Promise<void> {
    this.sizes.push(size)
    this.isLocked &&= existsSync(join(directory, '../tmp/courier.lock'))
    await new Promise((resolve) => setTimeout(resolve, this.#slowMs))
  }
}

const COUNT = 2 * LARGEST_BATCH + 10

function filled(): TemporaryMaildir {
  const maildir = new TemporaryMaildir()
  for (let number = 0; number < COUNT; number += 1) maildir.put(`cur/${1000 + number}.M1.host:2,`)
  return maildir
}

for (const [title, slowMs] of [
  ['flags of many messages change and they are removed, each time under the lock, and nobody keeps it', 0],
  ['where files take long, fewer of them are changed under one hold of the lock', SLOW_MS],
] as const) {
  batches(title, async () => {
    using maildir = filled()
    const files = new WatchedFiles(slowMs)
    const view = await (await openStore(maildir, {files})).select(INBOX, {readOnly: false})
    await view.store(allNumbers(view), {mode: 'add', flags: FLAG.deleted, keywords: []})
    assert.ok(readdirSync(join(maildir.path, 'cur')).every((name) => name.endsWith(':2,T')))
    const stored = files.sizes.splice(0)
    await view.expunge()
    assert.equal(readdirSync(join(maildir.path, 'cur')), [])
    assert.equal(readdirSync(join(maildir.path, 'tmp')), [])
    assert.ok(files.isLocked)
    for (const sizes of [stored, files.sizes]) {
      assert.is(
        sizes.reduce((sum, size) => sum + size, 0),
        COUNT,
      )
      assert.is(Math.max(...sizes), LARGEST_BATCH)
      const isSmaller = (size: number, place: number) => size <= (sizes[place] ?? 0) / 2 || size === 64
      if (slowMs > 0) assert.ok(sizes.slice(1, -1).every(isSmaller), `${sizes}`)
    }
    view.close()
  })
}

batches.run()
