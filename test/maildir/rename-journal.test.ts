import {EventEmitter, once} from 'node:events'
import {existsSync, mkdirSync, readdirSync, readFileSync, renameSync, symlinkSync, writeFileSync} from 'node:fs'
import * as assert from 'uvu/assert'
import {Mailstores} from '../../src/maildir/mailstores.js'
import {NodeFiles} from '../../src/maildir/node-files.js'
import {awaitRename, beginRename, completeRename, type RenameJournal} from '../../src/maildir/rename-journal.js'
import type {FolderName} from '../../src/maildir/types.js'
import {maildirContext, makeMaildir} from '../support/maildir-context.js'
import {makeFolder, openStore, storeEnvironment, TemporaryMaildir} from '../support/store.js'
import {suite} from '../support/suite.js'
import {temporaryDirectory} from '../support/temporary-directory.js'

const journal = suite('A RENAME that was cut off')

const living = {...maildirContext(), pid: 1, isAlive: () => true}
const dead = {...maildirContext(), isAlive: () => false}
const moveOf = (root: string, from: string, to: string) => ({from: `${root}/${from}`, to: `${root}/${to}`})

type Pairs = readonly (readonly [string, string])[]
const movesOf = (root: string, pairs: Pairs) => pairs.map(([from, to]) => moveOf(root, from, to))

async function begun(root: string, pairs: Pairs, context = living): Promise<RenameJournal> {
  const journal = await beginRename(root, movesOf(root, pairs), context)
  if (!journal) throw new Error('There is another journal')
  return journal
}

/** A Maildir with these folders, whose process is about to rename them. */
async function cutOff(below: string, folders: readonly string[], moves: Pairs): Promise<string> {
  const root = makeMaildir(`${below}/M`)
  for (const folder of folders) makeMaildir(`${root}/${folder}`)
  await begun(root, moves)
  return root
}

journal('is left to its process while that lives, and completed afterwards', async () => {
  using directory = temporaryDirectory()
  const root = await cutOff(
    directory.path,
    ['.A', '.B.x'],
    [
      ['.A', '.B'],
      ['.A.x', '.B.x'],
    ],
  )
  assert.is(await completeRename(root, {...living, pid: 2}), undefined)
  assert.ok(existsSync(`${root}/.A`))
  assert.equal(await completeRename(root, dead), [`${root}/.B`])
  assert.ok(existsSync(`${root}/.B`) && !existsSync(`${root}/.A`) && !existsSync(`${root}/courierrename`))
})

journal('does not touch a folder that was made under the old name again', async () => {
  using directory = temporaryDirectory()
  const root = await cutOff(
    directory.path,
    ['.A', '.B', '.A.x'],
    [
      ['.A', '.B'],
      ['.A.x', '.B.x'],
    ],
  )
  await completeRename(root, dead)
  assert.ok(existsSync(`${root}/.A`) && existsSync(`${root}/.B`) && existsSync(`${root}/.B.x`))
})

journal('moves rights with their folders', async () => {
  using directory = temporaryDirectory()
  const root = await cutOff(directory.path, [], [['courierimaphieracl/A', 'courierimaphieracl/B']])
  mkdirSync(`${root}/courierimaphieracl`)
  writeFileSync(`${root}/courierimaphieracl/A`, 'anyone lr\n')
  assert.equal(await completeRename(root, dead), [])
  assert.is(readFileSync(`${root}/courierimaphieracl/B`, 'latin1'), 'anyone lr\n')
})

for (const text of [
  '',
  'null',
  '[]',
  '{"owner":"999999:nobody","moves":[{"from":".A"}]}',
  '{"owner":"999999:nobody","moves":[{"from":"cur","to":".B"}]}',
  '{"owner":"999999:nobody","moves":[{"from":"..","to":".B"}]}',
  '{"owner":"999999:nobody","moves":[{"from":".A","to":"../../elsewhere"}]}',
  '{"owner":"999999:nobody","moves":[{"from":".A/../../M/.A","to":".B"}]}',
]) {
  journal(`${JSON.stringify(text)} moves nothing`, async () => {
    using directory = temporaryDirectory()
    const root = makeMaildir(`${directory.path}/M`)
    makeMaildir(`${root}/.A`)
    writeFileSync(`${root}/courierrename`, text)
    const before = {...dead, nowMs: () => Date.now() + 1e9}
    assert.is(await completeRename(root, before), undefined)
    assert.ok(existsSync(`${root}/.A/cur`) && existsSync(`${root}/cur`))
  })
}

journal('keeps the next one out, which waits for its end', async () => {
  using directory = temporaryDirectory()
  const root = makeMaildir(`${directory.path}/M`)
  const first = await begun(root, [['.A', '.B']])
  const moves = movesOf(root, [['.C', '.D']])
  const other = {...living, pid: 2}
  let naps = 0
  const sleep = async () => {
    naps += 1
    if (naps === 3) await first.end()
  }
  assert.is(await beginRename(root, moves, other), undefined)
  assert.equal(readdirSync(`${root}/tmp`), [])
  assert.is(await awaitRename(root, {...other, sleep}, 1000), 700)
  await beginRename(root, moves, other)
  assert.match(readFileSync(`${root}/courierrename`, 'utf8'), '".D"')
})

journal('that lasts too long is left as it is', async () => {
  using directory = temporaryDirectory()
  const root = await cutOff(directory.path, ['.A'], [['.A', '.B']])
  const waiting = awaitRename(root, {...living, pid: 2, sleep: async () => {}}, 10_000)
  assert.is((await waiting.then(String, (error: {code: string}) => error.code)) ?? '', 'busy')
  assert.match(readFileSync(`${root}/courierrename`, 'utf8'), '".B"')
})

journal('whose process dies while another one waits for it is completed by that', async () => {
  using maildir = new TemporaryMaildir()
  for (const name of ['.A', '.A.x', '.C', '.C.x']) makeFolder(`${maildir.path}/${name}`)
  let naps = 0
  const env = storeEnvironment({pid: 2, isAlive: () => naps < 3})
  const sleep = async () => {
    naps += 1
  }
  const store = await new Mailstores(Object.assign(env, {sleep})).open({maildir: maildir.path, quota: undefined})
  const moves: Pairs = [
    ['.A', '.B'],
    ['.A.x', '.B.x'],
  ]
  await begun(maildir.path, moves, {...living, hostName: env.hostName})
  await store.rename('INBOX.C' as FolderName, 'INBOX.D' as FolderName)
  assert.is(naps, 3)
  const folders = readdirSync(maildir.path).filter((name) => name.startsWith('.'))
  assert.equal(folders.sort(), ['.B', '.B.x', '.D', '.D.x'])
  assert.is(existsSync(`${maildir.path}/courierrename`), false)
})

journal('that cannot be completed is told to who needs its place', async () => {
  using maildir = new TemporaryMaildir()
  for (const name of ['.A', '.A.x', '.C', '.C.x', '.E']) makeFolder(`${maildir.path}/${name}`)
  class Refusing extends NodeFiles {
    override async rename(from: string, to: string): Promise<void> {
      if (to.endsWith('/.B')) throw Object.assign(new Error('EACCES: permission denied'), {code: 'EACCES'})
      await super.rename(from, to)
    }
  }
  const store = await openStore(maildir, {pid: 2, files: new Refusing(), isAlive: () => false})
  await begun(maildir.path, [['.A', '.B']], {...living, hostName: 'test.example'})
  const refused = store.rename('INBOX.C' as FolderName, 'INBOX.D' as FolderName)
  assert.is(await refused.then(String, (error: {code: string}) => error.code), 'no-access')
  await store.rename('INBOX.E' as FolderName, 'INBOX.F' as FolderName)
  assert.ok(existsSync(`${maildir.path}/.F/cur`) && existsSync(`${maildir.path}/courierrename`))
})

journal('is not taken for that of another process which has the same id now', async () => {
  using directory = temporaryDirectory()
  const root = await cutOff(directory.path, ['.A'], [['.A', '.B']])
  const after = (ms: number) => ({...living, pid: 2, nowMs: () => Date.now() + ms})
  assert.is(await completeRename(root, after(110_000)), undefined)
  assert.equal(await completeRename(root, after(130_000)), [`${root}/.B`])
})

journal('that takes long says that its process goes on', async () => {
  using directory = temporaryDirectory()
  const root = makeMaildir(`${directory.path}/M`)
  let nowMs = Date.now()
  const own = await begun(root, [['.A', '.B']], {...living, nowMs: () => nowMs})
  for (let step = 0; step < 10; step += 1) {
    nowMs += 40_000
    await own.keep()
  }
  assert.is(await completeRename(root, {...living, pid: 2, nowMs: () => nowMs}), undefined)
  assert.ok(existsSync(`${root}/courierrename`))
  await own.end()
  assert.is(existsSync(`${root}/courierrename`), false)
})

journal('of a process that was taken for dead goes without that of its successor', async () => {
  using directory = temporaryDirectory()
  const root = makeMaildir(`${directory.path}/M`)
  const first = await begun(root, [['.A', '.B']])
  await completeRename(root, {...dead, pid: 2})
  await begun(root, [['.C', '.D']], {...living, pid: 2})
  await first.keep()
  await first.end()
  assert.match(readFileSync(`${root}/courierrename`, 'utf8'), '".D"')
})

/** Stands still before it takes the lock, when it has read the journal, until it is told to go on. */
class Slow extends NodeFiles {
  readonly #steps = new EventEmitter()
  readonly hasRead = once(this.#steps, 'read')

  override async link(from: string, to: string): Promise<void> {
    if (to.endsWith('/courierrename.lock')) {
      this.#steps.emit('read')
      await once(this.#steps, 'on')
    }
    await super.link(from, to)
  }

  goOn(): void {
    this.#steps.emit('on')
  }
}

journal('of a dead process is completed by one of two that find it, and the next journal stays', async () => {
  using directory = temporaryDirectory()
  const root = await cutOff(directory.path, ['.A'], [['.A', '.B']])
  const files = new Slow()
  const isAlive = (pid: number) => pid !== living.pid
  const late = completeRename(root, {...living, pid: 2, isAlive, files})
  await files.hasRead
  assert.equal(await completeRename(root, {...living, pid: 3, isAlive}), [`${root}/.B`])
  // The first one to find it goes on with a RENAME of its own, back to where the folder was.
  await begun(root, [['.B', '.A']], {...living, pid: 3})
  renameSync(`${root}/.B`, `${root}/.A`)
  files.goOn()
  assert.is(await late, undefined)
  assert.ok(existsSync(`${root}/.A/cur`))
  assert.match(readFileSync(`${root}/courierrename`, 'utf8'), '"to":".A"')
})

journal('that was published after another process had found garbage stays', async () => {
  using directory = temporaryDirectory()
  const root = makeMaildir(`${directory.path}/M`)
  writeFileSync(`${root}/courierrename`, 'something')
  const files = new Slow()
  const late = beginRename(root, movesOf(root, [['.E', '.F']]), {...living, pid: 2, files})
  await files.hasRead
  assert.is(await beginRename(root, movesOf(root, [['.C', '.D']]), {...living, pid: 3}), undefined)
  await begun(root, [['.C', '.D']], {...living, pid: 3})
  files.goOn()
  assert.is(await late, undefined)
  assert.match(readFileSync(`${root}/courierrename`, 'utf8'), '".D"')
  assert.equal(readdirSync(`${root}/tmp`), [])
})

/** Each move of a folder has to be in the journal while it is made. */
class Watched extends NodeFiles {
  readonly journalOfMoves: string[] = []
  override async rename(from: string, to: string): Promise<void> {
    const folder = /^(.*)\/(\.[^/]*)$/.exec(from)
    if (folder) {
      this.journalOfMoves.push(readFileSync(`${folder[1]}/courierrename`, 'utf8').includes(`"${folder[2]}"`) ? 'told' : from)
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
    await super.rename(from, to)
  }
}

journal('two at once are both told of by a journal while they move folders', async () => {
  using maildir = new TemporaryMaildir()
  for (const name of ['.A', '.A.x', '.A.y', '.B', '.B.x', '.B.y']) makeFolder(`${maildir.path}/${name}`)
  const files = new Watched()
  const store = await openStore(maildir, {files})
  await Promise.all([
    store.rename('INBOX.A' as FolderName, 'INBOX.C' as FolderName),
    store.rename('INBOX.B' as FolderName, 'INBOX.D' as FolderName),
  ])
  assert.equal(files.journalOfMoves, ['told', 'told', 'told', 'told', 'told', 'told'])
  assert.is(existsSync(`${maildir.path}/courierrename`), false)
  assert.ok(existsSync(`${maildir.path}/.C.y/cur`) && existsSync(`${maildir.path}/.D.y/cur`))
})

for (const [what, make] of [
  ['a file of that name that is none', (path: string) => writeFileSync(path, 'something')],
  ['a link of that name', (path: string) => symlinkSync('/nowhere', path)],
  ['a file of that name larger than any journal', (path: string) => writeFileSync(path, ' '.repeat(17 * 1024 * 1024))],
] as const) {
  journal(`${what} does not keep others`, async () => {
    using maildir = new TemporaryMaildir()
    for (const name of ['.C', '.C.x']) makeFolder(`${maildir.path}/${name}`)
    make(`${maildir.path}/courierrename`)
    const store = await openStore(maildir)
    await store.rename('INBOX.C' as FolderName, 'INBOX.D' as FolderName)
    assert.ok(existsSync(`${maildir.path}/.D.x/cur`) && !existsSync(`${maildir.path}/courierrename`))
  })
}

journal.run()
