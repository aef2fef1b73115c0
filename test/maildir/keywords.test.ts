import {chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync} from 'node:fs'
import {fileURLToPath} from 'node:url'
import fc from 'fast-check'
import * as assert from 'uvu/assert'
import {FolderKeywords} from '../../src/maildir/keywords/folder-keywords.js'
import {agedNumber, keywordFileOf} from '../../src/maildir/keywords/keyword-names.js'
import {cleanKeyword, formatList, formatSet, parseList, parseSet, Spellings} from '../../src/maildir/keywords/keyword-text.js'
import {maildirContext, makeMaildir} from '../support/maildir-context.js'
import {isInstalled, REAL_COURIER, runProgram} from '../support/run-program.js'
import {suite} from '../support/suite.js'
import {temporaryDirectory} from '../support/temporary-directory.js'

const keywords = suite('Keywords')
const ALL = {exists: () => true, consolidate: true}

/** A folder with a keyword directory of these files; `ages`: minutes. */
function folderWith(below: string, files: Record<string, string> = {}, ages: Record<string, number> = {}): string {
  const folder = makeMaildir(`${below}/K`)
  mkdirSync(`${folder}/courierimapkeywords`)
  for (const [name, content] of Object.entries(files)) {
    const path = `${folder}/courierimapkeywords/${name}`
    writeFileSync(path, content, 'latin1')
    const time = Date.now() / 1000 - (ages[name] ?? 0) * 60
    utimesSync(path, time, time)
  }
  return folder
}

function filesOf(folder: string): Record<string, string> {
  const path = `${folder}/courierimapkeywords`
  return Object.fromEntries(
    readdirSync(path)
      .sort()
      .map((name) => [name, readFileSync(`${path}/${name}`, 'latin1')]),
  )
}

const slot = () => agedNumber(Date.now(), 0)

async function loaded(folder: string, exists: (base: string) => boolean = () => true) {
  const state = new FolderKeywords(folder, maildirContext())
  const {problem} = await state.load({exists, consolidate: true})
  assert.is(problem, undefined)
  return state
}

for (const [name, kind] of [
  [':list', 'list'],
  ['1795.M1.vm,S=12', 'pending'],
  ['.5984086.msg1', 'aged'],
  ['.0.msg1', 'other'],
  ['.tmp.12.x', 'other'],
  ['.5.', 'other'],
  ['.12345678901234567.x', 'other'],
] as const) {
  keywords(`the file ${name} is ${kind}`, () => assert.is(keywordFileOf(name).kind, kind))
}

keywords('are read from :list, whatever separates the numbers', () => {
  const {sets, isUntidy} = parseList(Buffer.from('a\nb\n\nm:0,1,7\nn:1\n'), new Spellings())
  assert.equal(Object.fromEntries(sets), {m: ['a', 'b'], n: ['b']})
  assert.is(isUntidy, false)
})

keywords('of lines without a valid number are none', () => {
  const {sets, isUntidy} = parseList(Buffer.from('a\n\nm:7\nx\n:0\nn:0\nn:0\n'), new Spellings())
  assert.equal(Object.fromEntries(sets), {n: ['a']})
  assert.is(isUntidy, true)
})

keywords('have the spelling that came first, and no characters that IMAP forbids', () => {
  const spellings = new Spellings(['Foo'])
  assert.equal(parseSet(Buffer.from('foo\n\nhas space\nFOO\nBAR\n'), spellings), ['Foo', 'has_space', 'BAR'])
  assert.is(cleanKeyword('a(b)c{d%e*f"g\\h]i\x01'), 'a_b_c_d_e_f_g_h_i_')
})

const keyword = fc.string({unit: fc.constantFrom('a', 'B', '$', '\xe9', '1'), minLength: 1, maxLength: 3})
const base = fc.string({unit: fc.constantFrom('1', '.', ':', 'x', ' '), minLength: 1, maxLength: 6})

keywords('come back from :list as they were written', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(base, fc.uniqueArray(keyword, {selector: (text) => text.toLowerCase()}))), (entries) => {
      const spellings = new Spellings()
      const sets = new Map(entries.map(([name, set]) => [name, spellings.set(set)]))
      const read = parseList(formatList(sets), new Spellings())
      assert.equal(read.sets, new Map([...sets].filter(([, set]) => set.length > 0)))
      assert.is(read.isUntidy, false)
    }),
  )
})

keywords('come back from a file of their own', () => {
  fc.assert(
    fc.property(fc.uniqueArray(keyword, {selector: (text) => text.toLowerCase()}), (set) => {
      assert.equal(parseSet(formatSet(set), new Spellings()), set)
    }),
  )
})

keywords('are read from any octets', () => {
  fc.assert(
    fc.property(fc.uint8Array({maxLength: 200}), (octets) => {
      parseList(Buffer.from(octets), new Spellings())
      for (const one of parseSet(Buffer.from(octets), new Spellings())) assert.is(cleanKeyword(one), one)
    }),
  )
})

keywords('are written as a file of the message, in a directory with the mode of the folder', async () => {
  using directory = temporaryDirectory()
  const folder = makeMaildir(`${directory.path}/K`)
  chmodSync(folder, 0o750)
  const state = new FolderKeywords(folder, maildirContext())
  assert.equal(await state.change(['msg1'], {mode: 'replace', keywords: ['Foo', 'Bar']}, ALL), ['msg1'])
  assert.equal(filesOf(folder), {msg1: 'Foo\nBar\n'})
  assert.is(statSync(`${folder}/courierimapkeywords`).mode & 0o7777, 0o750)
  assert.equal(state.of('msg1'), ['Foo', 'Bar'])
  assert.equal(state.inUse, ['Foo', 'Bar'])
})

keywords('move to :list when they are loaded, and stay as an aged file', async () => {
  using directory = temporaryDirectory()
  const folder = folderWith(directory.path, {msg1: 'Bar\nFoo\n'})
  const state = await loaded(folder)
  assert.equal(state.of('msg1'), ['Bar', 'Foo'])
  const files = filesOf(folder)
  assert.is(files[':list'], 'Bar\nFoo\n\nmsg1:0 1\n')
  assert.is(files[`.${slot()}.msg1`], 'Bar\nFoo\n')
  assert.is(Object.keys(files).length, 2)
})

keywords('are added and removed whatever the case', async () => {
  using directory = temporaryDirectory()
  const folder = folderWith(directory.path, {':list': 'Bar\nFoo\n\nmsg1:0 1\n'})
  const state = await loaded(folder)
  await state.change(['msg1'], {mode: 'add', keywords: ['foo', 'BAZ']}, ALL)
  assert.equal((await loaded(folder)).of('msg1'), ['Bar', 'Foo', 'BAZ'])
  await state.change(['msg1'], {mode: 'remove', keywords: ['bar']}, ALL)
  assert.equal((await loaded(folder)).of('msg1'), ['Foo', 'BAZ'])
  assert.equal(state.inUse, ['Foo', 'BAZ'])
})

keywords('are not written when nothing changes', async () => {
  using directory = temporaryDirectory()
  const folder = folderWith(directory.path, {':list': 'Foo\n\nmsg1:0\n'})
  const state = await loaded(folder)
  assert.equal(await state.change(['msg1'], {mode: 'add', keywords: ['FOO']}, ALL), [])
  assert.equal(Object.keys(filesOf(folder)), [':list'])
})

keywords('changed twice without a load: the first change is taken in', async () => {
  using directory = temporaryDirectory()
  const folder = makeMaildir(`${directory.path}/K`)
  const state = new FolderKeywords(folder, maildirContext())
  await state.change(['m4'], {mode: 'replace', keywords: ['q']}, ALL)
  await state.change(['m4'], {mode: 'replace', keywords: ['r']}, ALL)
  assert.equal((await loaded(folder)).of('m4'), ['r'])
})

keywords('none at all is an empty file, which overrules :list', async () => {
  using directory = temporaryDirectory()
  const folder = folderWith(directory.path, {':list': 'Foo\n\nmsg1:0\n'})
  const state = await loaded(folder)
  await state.change(['msg1'], {mode: 'replace', keywords: []}, ALL)
  assert.is(filesOf(folder).msg1, '')
  assert.equal((await loaded(folder)).of('msg1'), [])
  assert.is(filesOf(folder)[':list'], '\n')
  assert.equal(state.inUse, [])
})

keywords('of the aged file with the largest number count', async () => {
  using directory = temporaryDirectory()
  const folder = folderWith(directory.path, {'.1.002': 'epsilon\n', '.2.002': 'zeta\n', '.10.003': 'ten\n', '.9.003': 'nine\n'})
  const state = await loaded(folder)
  assert.equal(state.of('002'), ['zeta'])
  assert.equal(state.of('003'), ['ten'])
  assert.equal(Object.keys(filesOf(folder)), ['.10.003', '.2.002', ':list'])
})

keywords('pending win over aged ones, and take over their number', async () => {
  using directory = temporaryDirectory()
  const folder = folderWith(directory.path, {m1: 'new\n', '.99999999.m1': 'kk\n'})
  assert.equal((await loaded(folder)).of('m1'), ['new'])
  assert.equal(filesOf(folder), {'.99999999.m1': 'new\n', ':list': 'new\n\nm1:0\n'})
})

keywords('of an old aged file are saved before it goes', async () => {
  using directory = temporaryDirectory()
  const folder = folderWith(directory.path, {'.5.m1': 'lone\n', '.5.m2': 'young\n'}, {'.5.m1': 16})
  const state = await loaded(folder)
  assert.equal(state.of('m1'), ['lone'])
  assert.equal(filesOf(folder), {'.5.m2': 'young\n', ':list': 'lone\nyoung\n\nm1:0\nm2:1\n'})
})

keywords('of messages that are not there leave :list, but not their young files', async () => {
  using directory = temporaryDirectory()
  const folder = folderWith(directory.path, {':list': 'a\n\nhere:0\ngone:0\n', '.5.soon': 'b\n', later: 'c\n'})
  const state = await loaded(folder, (name) => name === 'here')
  const files = filesOf(folder)
  assert.is(files[':list'], 'a\n\nhere:0\n')
  assert.is(files['.5.soon'], 'b\n')
  assert.is(files[`.${slot()}.later`], 'c\n')
  assert.equal(state.inUse, ['a'])
  state.came(['later'])
  assert.equal(state.inUse, ['a', 'c'])
  state.gone(['here', 'later'])
  assert.equal(state.inUse, [])
})

keywords('left behind half-written go after 15 minutes', async () => {
  using directory = temporaryDirectory()
  const now = Math.floor(Date.now() / 1000)
  const folder = folderWith(directory.path, {'.tmp.4.foo': '', [`.tmp.${now}.baz`]: '', '.tmp.1000.baz': ''}, {'.tmp.4.foo': 16})
  await loaded(folder)
  assert.equal(Object.keys(filesOf(folder)), ['.tmp.1000.baz', `.tmp.${now}.baz`])
})

keywords('are read from a directory that must not be written', async () => {
  using directory = temporaryDirectory()
  const folder = folderWith(directory.path, {m1: 'a\n', '.1.m2': 'b\n', '.2.m2': 'c\n'})
  const before = filesOf(folder)
  const state = new FolderKeywords(folder, maildirContext())
  await state.load({exists: () => true, consolidate: false})
  assert.equal(state.of('m2'), ['c'])
  assert.equal(filesOf(folder), before)
})

keywords('that cannot be saved are read all the same', async () => {
  using directory = temporaryDirectory()
  const folder = folderWith(directory.path, {m1: 'a\n'})
  const context = maildirContext()
  context.files.create = () => Promise.reject(Object.assign(new Error('ENOSPC: no space left'), {code: 'ENOSPC'}))
  const state = new FolderKeywords(folder, context)
  const {problem} = await state.load(ALL)
  assert.match(String(problem), /ENOSPC/)
  assert.equal(state.of('m1'), ['a'])
  assert.equal(filesOf(folder), {m1: 'a\n'})
})

keywords('next to garbage are read', async () => {
  using directory = temporaryDirectory()
  const folder = folderWith(directory.path, {m1: 'a\n', '.x': '?', m3: 'x'.repeat(2_000_000)})
  mkdirSync(`${folder}/courierimapkeywords/m2`)
  mkdirSync(`${folder}/courierimapkeywords/.5.m2`)
  const state = await loaded(folder)
  assert.equal(state.of('m1'), ['a'])
  assert.equal(state.of('m2'), [])
  assert.ok(existsSync(`${folder}/courierimapkeywords/m3`))
})

keywords('changed by another program are told', async () => {
  using directory = temporaryDirectory()
  const folder = folderWith(directory.path, {':list': 'a\nb\n\nm1:0\nm2:1\nm3:1\n'})
  const state = await loaded(folder)
  const other = new FolderKeywords(folder, maildirContext())
  await other.load(ALL)
  await other.change(['m1', 'm3'], {mode: 'replace', keywords: ['b']}, ALL)
  await other.change(['m2'], {mode: 'replace', keywords: []}, ALL)
  const {changed} = await state.load(ALL)
  assert.equal([...changed].sort(), ['m1', 'm2'])
  assert.equal(state.inUse, ['b'])
  assert.equal((await state.load(ALL)).changed, [])
})

keywords('of many messages share one file', async () => {
  using directory = temporaryDirectory()
  const folder = makeMaildir(`${directory.path}/K`)
  const state = new FolderKeywords(folder, maildirContext())
  const bases = Array.from({length: 2000}, (_, index) => `${index}.M1P2.vm,S=${index}`)
  await state.change(bases, {mode: 'add', keywords: ['$Junk']}, ALL)
  await state.change(bases, {mode: 'add', keywords: ['Work']}, ALL)
  const again = await loaded(folder)
  assert.ok(bases.every((name) => again.of(name).join() === '$Junk,Work'))
})

keywords('re-read before the change keep what another program added', async () => {
  using directory = temporaryDirectory()
  const folder = folderWith(directory.path, {':list': 'a\n\nm1:0\n'})
  const state = await loaded(folder)
  const other = await loaded(folder)
  await other.change(['m1'], {mode: 'add', keywords: ['b']}, ALL)
  await state.change(['m1'], {mode: 'add', keywords: ['c']}, {...ALL, reread: true})
  assert.equal((await loaded(folder)).of('m1'), ['a', 'b', 'c'])
})

keywords('delivered with a message are there when it appears', async () => {
  using directory = temporaryDirectory()
  const folder = makeMaildir(`${directory.path}/K`)
  const state = new FolderKeywords(folder, maildirContext())
  await state.deliver([
    ['m1', ['x', 'X', 'bad one']],
    ['m2', []],
  ])
  assert.equal(filesOf(folder), {m1: 'x\nbad_one\n'})
  assert.equal(state.inUse, [])
  state.came(['m1', 'm2'])
  assert.equal(state.inUse, ['x', 'bad_one'])
})

keywords('for a name that would leave the directory are refused', async () => {
  using directory = temporaryDirectory()
  const folder = makeMaildir(`${directory.path}/K`)
  const state = new FolderKeywords(folder, maildirContext())
  for (const name of ['../x', '.5.x', ':list', '', 'a\nb']) {
    try {
      await state.change([name], {mode: 'replace', keywords: ['x']}, ALL)
      assert.unreachable()
    } catch (error) {
      assert.match(String(error), /cannot have keywords/)
    }
  }
})

const script = fileURLToPath(new URL('../support/keyword-process.js', import.meta.url))

/** The last set of each message after `rounds` of `keyword-process`. */
function expected(prefix: string, rounds: number): [string, string][] {
  const last = new Map<string, string>()
  for (let round = 0; round < rounds; round += 1) {
    for (let index = 0; index < 5; index += 1) last.set(`${prefix}${(round + index) % 10}`, `${prefix}${round}`)
  }
  return [...last]
}

keywords('changed by three processes at once are all kept', async () => {
  using directory = temporaryDirectory()
  const folder = folderWith(directory.path)
  const rounds = 40
  const results = await Promise.all(['a', 'b', 'c'].map((prefix) => runProgram(process.execPath, [script, folder, prefix, String(rounds)])))
  for (const {code, stderr} of results) assert.is(code, 0, stderr)
  const state = await loaded(folder)
  for (const [name, set] of ['a', 'b', 'c'].flatMap((prefix) => expected(prefix, rounds))) assert.equal(state.of(name), [set], name)
})

const withReal = keywords.when(isInstalled(REAL_COURIER.maildirkw), 'maildirkw is not installed')

withReal('written by maildirkw are read, and the other way round', async () => {
  using directory = temporaryDirectory()
  const folder = makeMaildir(`${directory.path}/K`)
  const kw = (...args: string[]) => runProgram(REAL_COURIER.maildirkw, args)
  await kw(folder, 'msg1', 'Foo', 'Bar')
  assert.equal([...(await loaded(folder)).of('msg1')].sort(), ['Bar', 'Foo'])
  const listed = async () =>
    (await kw('-L', folder)).stdout
      .split('\n')
      .map((line) => line.split(' ').sort().join(' '))
      .sort()
      .join('\n')
      .trim()
  assert.is(await listed(), 'Bar Foo msg1')
  const state = await loaded(folder)
  await state.change(['msg1', 'msg2'], {mode: 'add', keywords: ['BAZ']}, ALL)
  assert.is(await listed(), 'BAZ Bar Foo msg1\nBAZ msg2')
  await kw('-r', folder, 'msg1', 'bar')
  await kw(folder, 'msg2')
  const after = await loaded(folder)
  assert.equal([...after.of('msg1')].sort(), ['BAZ', 'Foo'])
  assert.equal(after.of('msg2'), [])
})

withReal('changed by maildirkw at the same time are all kept', async () => {
  using directory = temporaryDirectory()
  const folder = folderWith(directory.path)
  const rounds = 25
  const ours = runProgram(process.execPath, [script, folder, 'a', String(rounds)])
  for (let round = 0; round < 30; round += 1) {
    const result = await runProgram(REAL_COURIER.maildirkw, [folder, `k${round % 7}`, `k${round}`])
    assert.is(result.code, 0, result.stderr)
    if (round % 5 === 0) await runProgram(REAL_COURIER.maildirkw, ['-L', folder])
  }
  const {code, stderr} = await ours
  assert.is(code, 0, stderr)
  const state = await loaded(folder)
  for (const [name, set] of expected('a', rounds)) assert.equal(state.of(name), [set], name)
  for (let round = 23; round < 30; round += 1) assert.equal(state.of(`k${round % 7}`), [`k${round}`])
})

keywords.run()
