import fc from 'fast-check'
import * as assert from 'uvu/assert'
import {baseName} from '../../src/maildir/file-names.js'
import {type ListedFolder, listedFolder} from '../../src/maildir/folder/listed-folder.js'
import {nameOctets} from '../../src/maildir/name-octets.js'
import {FLAG} from '../../src/maildir/types.js'
import {suite} from '../support/suite.js'

const listed = suite('A folder that is opened for the first time')

function read(lines: readonly string[], names: readonly string[]): Promise<ListedFolder | undefined> {
  async function* listing() {
    yield* nameOctets(names)
  }
  return listedFolder(Buffer.from(['1 77 5', ...lines, ''].join('\n'), 'latin1'), listing())
}

/** `uid name` of each message. */
function messages({stretches}: ListedFolder): string[] {
  return stretches.flatMap(({uids, bases, infos}) => Array.from(uids, (uid, at) => `${uid} ${bases.at(at)}${infos.at(at)}`))
}

listed('has the UIDs of its database, and the flags of its names', async () => {
  const folder = await read(['3 1.a', '9 2.b', '12 3.c:x'], ['1.a:2,S', '2.b', '3.c:x:2,FT'])
  assert.ok(folder)
  assert.equal(messages(folder), ['3 1.a:2,S', '9 2.b', '12 3.c:x:2,FT'])
  assert.equal(Array.from(folder.stretches[0]?.flags ?? []), [FLAG.seen, 0, FLAG.flagged | FLAG.deleted])
  assert.equal([folder.uidValidity, folder.uidNext, folder.unknown.size], [77, 13, 0])
})

listed('is the same in whatever order its names are listed', async () => {
  const folder = await read(['1 a', '2 b', '3 c'], ['c:2,', 'a:2,', 'b:2,S'])
  assert.equal(folder && messages(folder), ['1 a:2,', '2 b:2,S', '3 c:2,'])
})

listed('has messages that its database does not know, without hidden files', async () => {
  const folder = await read(['1 b'], ['.hidden', 'a:2,', 'b:2,', 'c'])
  assert.equal(folder && [...folder.unknown], [
    ['a', ':2,'],
    ['c', ''],
  ])
})

for (const [reason, lines, names] of [
  ['a file is missing', ['1 a', '2 b'], ['a:2,']],
  ['a message has two names', ['1 a'], ['a:2,', 'a:2,S']],
  ['a message has two names that are listed apart', ['1 a', '2 a-b'], ['a', 'a-b:2,', 'a:2,S']],
  ['an unknown message has two names', ['1 a'], ['a:2,', 'b:2,', 'b:2,S']],
  ['a name stands twice in the database', ['1 a', '2 a'], ['a:2,']],
  ['a name stands twice, and so does its file', ['1 a', '2 a-b', '3 a'], ['a', 'a-b:2,', 'a:2,S']],
  ['UIDs are not in order', ['2 a', '1 b'], ['a:2,', 'b:2,']],
  ['a UID stands twice', ['2 a', '2 b'], ['a:2,', 'b:2,']],
  ['the database names a hidden file', ['1 .a'], ['.a:2,']],
  ['a name without an ending has a colon', ['1 a:b'], ['a:b']],
] as const) {
  listed(`is in doubt when ${reason}`, async () => {
    assert.is(await read(lines, names), undefined)
  })
}

const base = fc.string({unit: fc.constantFrom('1', '2', '.', '-', 'a', ':', '\xe4'), minLength: 1, maxLength: 6})
const ending = fc.constantFrom('', ':2,', ':2,S', ':2,FS', ':x')

listed('never has anything else than lines and names say', async () => {
  const message = fc.record({base, ending, known: fc.boolean(), there: fc.boolean()})
  await fc.assert(
    fc.asyncProperty(fc.array(message, {maxLength: 12}), fc.infiniteStream(fc.nat()), async (list, order) => {
      const lines = list.filter(({known}) => known).map((each, at) => `${2 * at + 1} ${each.base}`)
      const keys = order[Symbol.iterator]()
      const names = list
        .filter(({there}) => there)
        .map((each) => ({name: each.base + each.ending, key: keys.next().value as number}))
        .sort((a, b) => a.key - b.key)
        .map(({name}) => name)
      const folder = await read(lines, names)
      if (!folder) return
      const seen = messages(folder).map((text) => [text.slice(0, text.indexOf(' ')), text.slice(text.indexOf(' ') + 1)] as const)
      assert.equal(
        seen.map(([uid, name]) => `${uid} ${baseName(name)}`),
        lines,
      )
      const unknown = [...folder.unknown].map(([name, info]) => name + info)
      const all = [...seen.map(([, name]) => name), ...unknown]
      assert.equal(all.sort(), names.filter((name) => !name.startsWith('.')).sort())
      assert.is(new Set(all.map(baseName)).size, all.length)
    }),
    {numRuns: 2000},
  )
})

listed('of more messages than a chunk holds is whole', async () => {
  const count = 2500
  const bases = Array.from({length: count}, (_, at) => `${1_700_000_000 + at}.x`)
  const folder = await read(
    bases.map((each, at) => `${at + 1} ${each}`),
    bases.map((each) => `${each}:2,S`),
  )
  assert.equal(
    folder && messages(folder),
    bases.map((each, at) => `${at + 1} ${each}:2,S`),
  )
})

listed.run()
