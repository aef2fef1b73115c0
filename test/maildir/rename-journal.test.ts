import {existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync} from 'node:fs'
import * as assert from 'uvu/assert'
import {NodeFiles} from '../../src/maildir/node-files.js'
import {beginRename, completeRename, endRename} from '../../src/maildir/rename-journal.js'
import type {FolderName} from '../../src/maildir/types.js'
import {maildirContext, makeMaildir} from '../support/maildir-context.js'
import {makeFolder, openStore, TemporaryMaildir} from '../support/store.js'
import {suite} from '../support/suite.js'
import {temporaryDirectory} from '../support/temporary-directory.js'

const journal = suite('A RENAME that was cut off')

const living = {...maildirContext(), pid: 1, isAlive: () => true}
const dead = {...maildirContext(), isAlive: () => false}
const moveOf = (root: string, from: string, to: string) => ({from: `${root}/${from}`, to: `${root}/${to}`})

/** A Maildir with these folders, whose process is about to rename them. */
async function cutOff(below: string, folders: readonly string[], moves: readonly (readonly [string, string])[]): Promise<string> {
  const root = makeMaildir(`${below}/M`)
  for (const folder of folders) makeMaildir(`${root}/${folder}`)
  await beginRename(
    root,
    moves.map(([from, to]) => moveOf(root, from, to)),
    living,
  )
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

journal('one that comes in between waits for its end', async () => {
  using directory = temporaryDirectory()
  const root = await cutOff(directory.path, ['.A'], [['.A', '.B']])
  const moves = [moveOf(root, '.C', '.D')]
  const other = {...living, pid: 2}
  let naps = 0
  const sleep = async () => {
    naps += 1
    if (naps === 3) await endRename(root, living)
  }
  await beginRename(root, moves, {...other, sleep})
  assert.is(naps, 3)
  assert.match(readFileSync(`${root}/courierrename`, 'utf8'), '".D"')
})

journal('one that comes in between and waits for too long leaves it as it is', async () => {
  using directory = temporaryDirectory()
  const root = await cutOff(directory.path, ['.A'], [['.A', '.B']])
  const waiting = beginRename(root, [moveOf(root, '.C', '.D')], {...living, pid: 2, sleep: async () => {}})
  assert.is((await waiting.catch((error: {code: string}) => error))?.code, 'busy')
  assert.match(readFileSync(`${root}/courierrename`, 'utf8'), '".B"')
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

journal('a file of that name that is none does not keep others', async () => {
  using directory = temporaryDirectory()
  const root = makeMaildir(`${directory.path}/M`)
  writeFileSync(`${root}/courierrename`, 'something')
  await beginRename(root, [moveOf(root, '.C', '.D')], living)
  assert.match(readFileSync(`${root}/courierrename`, 'utf8'), '".D"')
})

journal.run()
