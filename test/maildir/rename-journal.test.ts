import {existsSync, mkdirSync, readFileSync, writeFileSync} from 'node:fs'
import * as assert from 'uvu/assert'
import {beginRename, completeRename} from '../../src/maildir/rename-journal.js'
import {maildirContext, makeMaildir} from '../support/maildir-context.js'
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

journal.run()
