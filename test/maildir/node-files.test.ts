import {execFileSync} from 'node:child_process'
import {chmodSync, mkdirSync, readdirSync, statSync, symlinkSync, utimesSync, writeFileSync} from 'node:fs'
import {dirname, join} from 'node:path'
import * as assert from 'uvu/assert'
import {START_BYTES, WHOLE_FILE_BYTES} from '../../src/maildir/files.js'
import {NodeFiles} from '../../src/maildir/node-files.js'
import {errnoOf} from '../../src/support/fault.js'
import {TemporaryMaildir} from '../support/store.js'
import {suite} from '../support/suite.js'

const files = suite('Message files')

files('many that are open at once each have memory of their own, however often they are opened', async () => {
  using maildir = new TemporaryMaildir()
  const paths = Array.from({length: 20}, (_, number) => join(maildir.path, 'cur', `${number}`))
  for (const [number, path] of paths.entries()) writeFileSync(path, `${number}`.repeat(1000))
  const node = new NodeFiles()
  for (let round = 0; round < 3; round += 1) {
    const opened = await Promise.all(paths.map((path) => node.open(path)))
    for (const [number, file] of opened.entries()) assert.is(file?.whole?.toString(), `${number}`.repeat(1000))
    for (const file of round % 2 === 0 ? opened : opened.reverse()) file?.close()
  }
})

files('the beginning is read of plain files only, and no more than that', () => {
  using maildir = new TemporaryMaildir()
  const cur = (name: string) => join(maildir.path, 'cur', name)
  writeFileSync(cur('short'), 'Subject: x\n')
  writeFileSync(cur('long'), 'x'.repeat(3 * START_BYTES))
  writeFileSync(cur('empty'), '')
  symlinkSync('short', cur('link'))
  mkdirSync(cur('directory'))
  const node = new NodeFiles()
  const start = (name: string) => {
    const found = node.start(cur(name))
    return found && [found.facts.size, found.length]
  }
  assert.equal(start('short'), [11, 11])
  assert.equal(start('long'), [3 * START_BYTES, START_BYTES])
  assert.equal(start('empty'), [0, 0])
  for (const name of ['link', 'directory', 'missing']) assert.is(start(name), undefined, name)
})

/** A message that was written after it had been read last: most systems note when it is read again. */
function unread(path: string, octets: number): number {
  writeFileSync(path, 'x'.repeat(octets), {mode: 0o644})
  utimesSync(path, 1_000_000_000, 1_100_000_000)
  return 1_000_000_000_000
}

files('reading a message leaves its access time alone', async () => {
  using maildir = new TemporaryMaildir()
  const cur = (name: string) => join(maildir.path, 'cur', name)
  const node = new NodeFiles()
  const timeMs = unread(cur('short'), 100)
  node.start(cur('short'))
  const short = await node.open(cur('short'))
  short?.close()
  assert.is(statSync(cur('short')).atimeMs, timeMs)
  unread(cur('long'), WHOLE_FILE_BYTES + 1)
  const long = await node.open(cur('long'))
  assert.is((await long?.read(0, 10))?.length, 10)
  long?.close()
  assert.is(statSync(cur('long')).atimeMs, timeMs)
})

if (process.getuid?.() === 0) {
  files('messages of somebody else are read, whose access time only the owner may leave alone', async () => {
    using maildir = new TemporaryMaildir()
    for (const path of [dirname(maildir.path), maildir.path, join(maildir.path, 'cur')]) chmodSync(path, 0o755)
    const cur = (name: string) => join(maildir.path, 'cur', name)
    unread(cur('short'), 100)
    unread(cur('long'), WHOLE_FILE_BYTES + 1)
    process.seteuid?.(65_534)
    try {
      assert.is(new NodeFiles().start(cur('short'))?.length, 100)
      const long = await new NodeFiles().open(cur('long'))
      assert.is(long?.facts.size, WHOLE_FILE_BYTES + 1)
      long?.close()
    } finally {
      process.seteuid?.(0)
    }
  })
}

files('of a directory that is read in batches are all listed', async () => {
  using maildir = new TemporaryMaildir()
  const cur = join(maildir.path, 'cur')
  // Long names: a few thousand make a directory as large as many short ones.
  const names = Array.from({length: 9000}, (_, number) => `${number}.${'x'.repeat(230)}:2,S`).concat(Buffer.from('é').toString('latin1'))
  for (const name of names) writeFileSync(Buffer.from(`${cur}/${name}`, 'latin1'), '')
  assert.ok(statSync(cur).size > 2 * 1024 * 1024 || statSync(cur).size < names.length, 'large, where a size says how many there are')
  assert.equal((await new NodeFiles().list(cur)).sort(), names.sort())
})

/** So many that calls are made from within their directory. */
const MANY = Array.from({length: 20}, (_, number) => `${number + 10}:2,`)

for (const [directory, names] of [
  ['plain', MANY],
  ['plain', MANY.slice(0, 2)],
  ['plain', [...MANY, 'gr\xfcn:2,']],
  ['with space', MANY],
  ['gr\xc3\xbcn', MANY],
] as const) {
  files(`${names.length} are renamed and removed in a directory (${directory}), and the process is where it was`, async () => {
    using maildir = new TemporaryMaildir()
    const path = `${maildir.path}/${directory}`
    const onDisk = Buffer.from(path, 'latin1')
    mkdirSync(onDisk)
    for (const name of names) writeFileSync(Buffer.from(`${path}/${name}`, 'latin1'), name)
    const before = process.cwd()
    const node = new NodeFiles()
    const moves = [...names, 'missing:2,'].map((name) => ({from: name, to: `${name}S`}))
    const renamed = await node.renameAll(path, moves)
    assert.equal(
      renamed.map((error) => error && errnoOf(error)),
      [...names.map(() => undefined), 'ENOENT'],
    )
    assert.equal(
      readdirSync(onDisk, {encoding: 'latin1'}).sort(),
      names.map((name) => `${name}S`),
    )
    const removed = await node.unlinkAll(
      path,
      moves.map(({to}) => to),
    )
    assert.equal(
      removed.map((error) => error && errnoOf(error)),
      [...names.map(() => undefined), 'ENOENT'],
    )
    assert.equal(readdirSync(onDisk), [])
    assert.is(process.cwd(), before)
  })
}

files('of a directory that is gone, each name fails by itself', async () => {
  const node = new NodeFiles()
  const outcomes = await node.unlinkAll('/nowhere/cur', ['1', '2'])
  assert.equal(
    outcomes.map((error) => error && errnoOf(error)),
    ['ENOENT', 'ENOENT'],
  )
})

files.when(process.getuid?.() === 0, 'needs root')('a process that may not go back to where it was is at the root then', () => {
  using maildir = new TemporaryMaildir()
  const closed = join(maildir.home, 'closed')
  mkdirSync(closed, {mode: 0o700})
  for (const name of MANY) writeFileSync(join(maildir.path, 'cur', name), 'x')
  execFileSync('chown', ['-R', '65534', maildir.path])
  chmodSync(maildir.home, 0o755)
  const source = `
    const {NodeFiles} = await import(${JSON.stringify(new URL('../../src/maildir/node-files.js', import.meta.url).href)})
    process.setuid(65534)
    const files = new NodeFiles()
    for (const [before, after] of [['', 'S'], ['S', 'ST']]) {
      const moves = ${JSON.stringify(MANY)}.map((name) => ({from: name + before, to: name + after}))
      const failures = await files.renameAll(${JSON.stringify(`${maildir.path}/cur`)}, moves)
      if (failures.some(Boolean)) process.exit(1)
    }
    process.exit(process.cwd() === '/' ? 0 : 2)`
  execFileSync(process.execPath, ['--input-type=module', '--eval', source], {cwd: closed, stdio: 'pipe'})
  assert.equal(
    readdirSync(join(maildir.path, 'cur')).sort(),
    MANY.map((name) => `${name}ST`),
  )
})

files('a process whose own directory is gone changes others all the same', async () => {
  using maildir = new TemporaryMaildir()
  const lost = join(maildir.home, 'lost')
  mkdirSync(lost)
  for (const name of MANY) writeFileSync(join(maildir.path, 'cur', name), 'x')
  const source = `
    import {rmdirSync} from 'node:fs'
    const {NodeFiles} = await import(${JSON.stringify(new URL('../../src/maildir/node-files.js', import.meta.url).href)})
    rmdirSync(process.cwd())
    const moves = ${JSON.stringify(MANY)}.map((name) => ({from: name, to: name + 'S'}))
    const failures = await new NodeFiles().renameAll(${JSON.stringify(`${maildir.path}/cur`)}, moves)
    process.exit(failures.some(Boolean) ? 1 : 0)`
  execFileSync(process.execPath, ['--input-type=module', '--eval', source], {cwd: lost, stdio: 'pipe'})
  assert.equal(
    readdirSync(join(maildir.path, 'cur')).sort(),
    MANY.map((name) => `${name}S`),
  )
})

files.run()
