import {closeSync, openSync, readdirSync, statSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import * as assert from 'uvu/assert'
import {DirectoryReading, entriesCall} from '../../src/maildir/directory-reading.js'
import type {NameOctets} from '../../src/maildir/name-octets.js'
import {NodeFiles} from '../../src/maildir/node-files.js'
import {errnoOf} from '../../src/support/fault.js'
import {TemporaryMaildir} from '../support/store.js'
import {suite} from '../support/suite.js'

const reading = suite('Names in a directory as octets')

const here = () => new NodeFiles()

async function elsewhere(path: string): Promise<NodeFiles> {
  const files = new NodeFiles({isNetwork: async () => true})
  await files.reach(path)
  return files
}

async function namesOf(pieces: AsyncIterable<NameOctets>): Promise<string[]> {
  const names: string[] = []
  for await (const {octets, count, starts, ends} of pieces)
    for (let place = 0; place < count; place += 1) names.push(octets.toString('latin1', starts[place], ends[place]))
  return names.sort()
}

/** Files with names of all lengths; some begin with a dot, some have octets above 0x7F. */
function fill(directory: string, count: number): string[] {
  const names = Array.from({length: count}, (_, number) => {
    const start = `${number % 7 === 0 ? '.' : ''}${number}${number % 5 === 0 ? '\xe4' : ''}`
    return start + 'x'.repeat(number % (256 - start.length))
  })
  for (const name of names) writeFileSync(Buffer.from(`${directory}/${name}`, 'latin1'), '')
  return names.sort()
}

for (const [where, filesAt] of [
  ['a local directory', here],
  ['a directory of another machine', elsewhere],
] as const) {
  for (const count of [0, 20, 1200])
    reading(`are all ${count} of ${where}`, async () => {
      using maildir = new TemporaryMaildir()
      const cur = join(maildir.path, 'cur')
      const names = fill(cur, count)
      assert.equal(await namesOf((await filesAt(cur)).names(cur)), names)
    })
}

reading('may be left in the middle', async () => {
  using maildir = new TemporaryMaildir()
  const cur = join(maildir.path, 'cur')
  fill(cur, 1200)
  const open = () => readdirSync('/proc/self/fd').length
  const files = here()
  await namesOf(files.names(cur)) // what stays open from the first time on
  const before = open()
  for await (const {count} of files.names(cur)) {
    assert.ok(count < 1200)
    break
  }
  assert.is(open(), before)
})

reading('fail with the code that a listing fails with', async () => {
  using maildir = new TemporaryMaildir()
  const file = join(maildir.path, 'cur', 'file')
  writeFileSync(file, 'x'.repeat(200_000))
  for (const path of [file, join(file, 'below'), join(maildir.path, 'missing')]) {
    const expected = await here().list(path).catch(errnoOf)
    assert.is(await namesOf(here().names(path)).catch(errnoOf), expected, path)
  }
})

reading.when(entriesCall(), 'no getdents')('have the code of the system for a failure of their call', async () => {
  using maildir = new TemporaryMaildir()
  const call = entriesCall()
  const file = join(maildir.path, 'cur', 'file')
  writeFileSync(file, 'x')
  const descriptor = openSync(file, 'r')
  try {
    assert.ok(call)
    const directory = new DirectoryReading(call, descriptor)
    assert.throws(
      () => directory.now(),
      (error: unknown) => errnoOf(error) === 'ENOTDIR',
    )
    assert.is(await directory.later().catch(errnoOf), 'ENOTDIR')
  } finally {
    closeSync(descriptor)
  }
})

reading('of a large directory come in several pieces', async () => {
  using maildir = new TemporaryMaildir()
  const cur = join(maildir.path, 'cur')
  fill(cur, 1200)
  let pieces = 0
  for await (const {count} of here().names(cur)) {
    assert.ok(count > 0)
    pieces += 1
  }
  assert.ok(pieces > 1, `${pieces} for a directory of ${statSync(cur).size} octets`)
})

reading.run()
