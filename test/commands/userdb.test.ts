import {chmod, mkdir, readdir, readFile, stat, symlink, writeFile} from 'node:fs/promises'
import fc from 'fast-check'
import * as assert from 'uvu/assert'
import {setFields, unsetFields} from '../../src/auth/userdb/change-fields.js'
import {type Field, formatFields, parseFields} from '../../src/auth/userdb/record.js'
import {userdbTool} from '../../src/services/userdb-tool.js'
import {scratch} from '../auth/support/scratch.js'
import {suite} from '../support/suite.js'
import {originalProgram, runOriginal, runTool, type ToolResult} from './support/run-tool.js'

const userdb = suite('userdb')
const original = originalProgram('userdb')

interface Case {
  readonly title: string
  /** The file before, octets; undefined when it is missing. */
  readonly text?: string
  readonly mode?: number
  /** `F` is the file, `D` its directory. */
  readonly args: readonly string[]
  readonly input?: string
  /** The file afterwards; undefined when there is none. */
  readonly becomes?: string | undefined
  readonly out?: string
  readonly err?: string
  /** Zero unless it says otherwise; true for any other than zero. */
  readonly fails?: boolean
}

const ANN = 'ann\tuid=5001|gid=5001|home=/srv/mail/ann\n'
const LIST = '# c\nann\tuid=1|home=/x\n\n5001=\tann\nbare\n'
const USAGE = `Usage: PROG [path/.../ | -f file ]name set field=value field=value...
       PROG [path/.../ | -f file ]name unset field field...
       PROG [path/.../ | -f file ]name del
       PROG -show [path/... | -f file ] [name]
`
const SET_ANN = ['ann', 'set', 'uid=5001', 'gid=5001', 'home=/srv/mail/ann']

/** `spec/auth.md` §30.1, §30.8; `becomes` defaults to the text before. */
const CASES: readonly Case[] = [
  {title: 'set makes the file', args: ['-f', 'F', ...SET_ANN], becomes: ANN},
  {
    title: 'set changes and adds',
    text: ANN,
    args: ['-f', 'F', 'ann', 'set', 'mail=Box', 'uid=7'],
    becomes: 'ann\tuid=7|gid=5001|home=/srv/mail/ann|mail=Box\n',
  },
  {
    title: 'set takes a value from standard input',
    text: ANN,
    args: ['-f', 'F', 'ann', 'set', 'systempw'],
    input: 'HASH\n',
    becomes: `${ANN.trimEnd()}|systempw=HASH\n`,
  },
  {title: 'set takes several values', args: ['-f', 'F', 'a/b', 'set', 'p', 'q'], input: 'one\ntwo\n', becomes: 'a/b\tp=one|q=two\n'},
  {title: 'a value without LF counts', args: ['-f', 'F', 'a', 'set', 'p'], input: 'one', becomes: 'a\tp=one\n'},
  {title: 'an empty value counts', args: ['-f', 'F', 'a', 'set', 'p'], input: '\n', becomes: 'a\tp=\n'},
  {title: 'no value is an error', text: ANN, args: ['-f', 'F', 'ann', 'set', 'systempw'], fails: true},
  {title: 'a bar in an argument', text: ANN, args: ['-f', 'F', 'ann', 'set', 'x=1|2'], err: 'Invalid field or value.\n', fails: true},
  {title: 'a bar in a value', text: ANN, args: ['-f', 'F', 'ann', 'set', 'x'], input: 'a|b\n', err: 'Invalid value.\n', fails: true},
  {title: 'a line feed in an argument', text: ANN, args: ['-f', 'F', 'ann', 'frob', 'x\n'], err: 'Invalid field or value.\n', fails: true},
  {title: 'unset', text: ANN, args: ['-f', 'F', 'ann', 'unset', 'gid', 'nosuch', 'uid=1'], becomes: 'ann\tuid=5001|home=/srv/mail/ann\n'},
  {title: 'unset of the last field', text: 'u\tx=1\n', args: ['-f', 'F', 'u', 'unset', 'x'], becomes: 'u\n'},
  {title: 'unset of nothing', text: 'u\tx=1\n', args: ['-f', 'F', 'u', 'unset']},
  {title: 'set with a double', text: '# c\nk\ta=1\n\nk\ta=2\n', args: ['-f', 'F', 'k', 'set', 'a=9'], becomes: '# c\nk\ta=9\n\nk\ta=2\n'},
  {title: 'del with a double', text: '# c\nk\ta=9\n\nk\ta=2\n', args: ['-f', 'F', 'k', 'del'], becomes: '# c\n\nk\ta=2\n'},
  {title: 'del of nobody', text: ANN, args: ['-f', 'F', 'nobody', 'del']},
  {title: 'unset of nobody', text: ANN, args: ['-f', 'F', 'nobody', 'unset', 'x']},
  {title: 'del with more', text: ANN, args: ['-f', 'F', 'ann', 'del', 'extra'], out: USAGE, fails: true},
  {title: 'an unknown verb', text: ANN, args: ['-f', 'F', 'ann', 'frob'], out: USAGE, fails: true},
  {title: 'no arguments', args: [], out: USAGE, fails: true},
  {title: '-show lists', text: LIST, args: ['-show', '-f', 'F'], out: 'ann\n5001=\nbare\n'},
  {title: '-show NAME', text: LIST, args: ['-show', '-f', 'F', 'ann'], out: 'uid=1\nhome=/x\n'},
  {title: '-show of a bare record', text: LIST, args: ['-show', '-f', 'F', 'bare'], out: '\n'},
  {title: '-show of nobody', text: LIST, args: ['-show', '-f', 'F', 'nope'], out: ''},
  {title: '-show of an empty name', text: LIST, args: ['-show', '-f', 'F', ''], out: ''},
  {title: '-show of a missing file', args: ['-show', '-f', 'F'], out: ''},
  {title: '-show of a directory', args: ['-show', '-f', 'D'], err: 'D: not a file.\n', fails: true},
  {title: '-show -f without a file', args: ['-show', '-f'], out: USAGE, fails: true},
  {title: 'a missing final LF', text: 'ann\ta=1', mode: 0o640, args: ['-f', 'F', 'new', 'set', 'b=2'], becomes: 'ann\ta=1\nnew\tb=2\n'},
  {title: 'a bare field stays bare', text: 'u\tflag|uid=5\n', args: ['-f', 'F', 'u', 'set', 'x=1'], becomes: 'u\tflag|uid=5|x=1\n'},
  {title: 'what follows stays', text: 'a\tx=1\nb\ty=2', args: ['-f', 'F', 'a', 'set', 'z=1'], becomes: 'a\tx=1|z=1\nb\ty=2'},
  {title: 'the last line gets its LF', text: 'a\tx=1\nb\ty=2', args: ['-f', 'F', 'b', 'set', 'z=1'], becomes: 'a\tx=1\nb\ty=2|z=1\n'},
  {title: 'doubled fields collapse', text: 'a\tx=1|y=2|x=3\n', args: ['-f', 'F', 'a', 'set', 'z=1'], becomes: 'a\tx=3|y=2|z=1\n'},
  {title: 'set on a bare record', text: 'bare\n', args: ['-f', 'F', 'bare', 'set', 'k=v'], becomes: 'bare\tk=v\n'},
  {title: 'set without fields', text: ANN, args: ['-f', 'F', 'new', 'set'], becomes: `${ANN}new\n`},
  {title: 'octets that are not UTF-8 stay', text: 'j\xf6rg\tx=\xff\nb\ty=1\n', args: ['-f', 'F', 'b', 'del'], becomes: 'j\xf6rg\tx=\xff\n'},
  {title: 'a CR is part of the value', text: 'a\tx=1\r\n', args: ['-show', '-f', 'F', 'a'], out: 'x=1\r\n'},
  {title: 'UTF-8 names', args: ['-f', 'F', 'jörg', 'set', 'gecos=Jörg=x'], becomes: Buffer.from('jörg\tgecos=Jörg=x\n').toString('latin1')},
]

/** Runs a case on a file of its own; the directory's name is shown as `D`. */
async function perform(example: Case, run: (args: string[], input: string) => Promise<ToolResult>) {
  await using at = await scratch()
  const file = at.path('db')
  if (example.text !== undefined) {
    await writeFile(file, example.text, 'latin1')
    await chmod(file, example.mode ?? 0o600)
  }
  const result = await run(
    example.args.map((arg) => (arg === 'F' ? file : arg === 'D' ? at.directory : arg)),
    example.input ?? '',
  )
  const names = await readdir(at.directory)
  const found = names.includes('db')
  return {
    out: result.out.replaceAll(at.directory, 'D'),
    err: result.err.replaceAll(at.directory, 'D'),
    fails: result.code !== 0,
    file: found ? await readFile(file, 'latin1') : undefined,
    mode: found ? (await stat(file)).mode & 0o777 : undefined,
    names: names.sort(),
  }
}

for (const example of CASES) {
  userdb(example.title, async () => {
    const result = await perform(example, (args, input) => runTool(userdbTool, {args, input}))
    const becomes = 'becomes' in example ? example.becomes : example.text
    assert.equal(
      {out: result.out, err: result.err, fails: result.fails, file: result.file},
      {out: example.out ?? '', err: example.err ?? '', fails: example.fails ?? false, file: becomes},
    )
    assert.is(result.mode, becomes === undefined ? undefined : (example.mode ?? 0o600))
    assert.equal(
      result.names.filter((name) => name.startsWith('.tmp')),
      [],
    )
  })
}

/** Fields in any order: the original's is random. */
function comparable(file: string | undefined): string[] | undefined {
  return file?.split('\n').map((line) => line.split(/[\t|]/).sort().join('|'))
}

for (const example of CASES) {
  userdb.when(original, 'the original is not installed')(`as the original: ${example.title}`, async () => {
    if (!original) return
    const ours = await perform(example, (args, input) => runTool(userdbTool, {args, input}))
    const theirs = await perform(example, (args, input) => runOriginal(original, {args, input}))
    assert.equal({...ours, file: comparable(ours.file), names: []}, {...theirs, file: comparable(theirs.file), names: []})
    // The original locks before it reads values, and leaves its temporary file behind after an error.
    if (!ours.fails) assert.equal(ours.names, theirs.names)
  })
}

userdb('a name with a slash is in a file of the userdb directory', async () => {
  await using at = await scratch()
  await mkdir(at.path('userdb', 'a'), {recursive: true})
  for (const args of [
    ['sales/ann@corp.example', 'set', 'uid=1'],
    ['set', 'a/b/bob', 'uid=2'],
  ]) {
    assert.is((await runTool(userdbTool, {args, config: at.directory})).code, 0)
  }
  assert.is(await readFile(at.path('userdb', 'sales'), 'utf8'), 'ann@corp.example\tuid=1\n')
  assert.is(await readFile(at.path('userdb', 'a', 'b'), 'utf8'), 'bob\tuid=2\n')
  assert.is((await runTool(userdbTool, {args: ['-show', 'sales/ann@corp.example'], config: at.directory})).out, 'uid=1\n')
  const refused = await runTool(userdbTool, {args: ['-show'], config: at.directory})
  assert.is(refused.err, `${at.path('userdb')}: not a file.\n`)
})

userdb('both orders are understood, and accounts may be called like verbs', async () => {
  await using at = await scratch()
  const run = async (...args: string[]) => (await runTool(userdbTool, {args, config: at.directory})).out
  await run('set', 'ann', 'uid=1', 'gid=2')
  await run('ann', 'set', 'uid=3')
  await run('unset', 'ann', 'gid')
  await run('set', 'set', 'x=1')
  await run('-f', at.path('userdb'), 'set', 'bob', 'y=1')
  await run('set', '-f', at.path('userdb'), 'eve', 'z=1', '--config', '/nonexistent')
  await run('show', 'set', 'w=1')
  assert.is(await readFile(at.path('userdb'), 'utf8'), 'ann\tuid=3\nset\tx=1\nbob\ty=1\neve\tz=1\nshow\tw=1\n')
  assert.is(await run('show', 'set'), '', 'the record "show" is set to what it is')
  await run('set', 'del')
  await run('del', 'bob')
  assert.is(await run('show'), 'ann\neve\nshow\n')
  assert.is(await run('show', 'ann'), 'uid=3\n')
  assert.is(await run('set'), USAGE)
  assert.is(await run('del'), USAGE)
})

userdb('show --json prints names and fields', async () => {
  await using at = await scratch()
  await writeFile(at.path('userdb'), 'ann\tuid=1|flag|uid=2|a="\n5=\tann\n')
  const run = async (...args: string[]) => JSON.parse((await runTool(userdbTool, {args, config: at.directory})).out)
  assert.equal(await run('show', '--json'), ['ann', '5='])
  assert.equal(await run('show', 'ann', '--json'), {name: 'ann', fields: {uid: '1', flag: null, a: '"'}})
  assert.equal(await run('--json', '-show', 'nobody'), null)
  await writeFile(at.path('userdb'), '')
  assert.equal(await run('show', '--json'), [])
})

for (const name of ['a\tb', 'a\nb', '#a', '.', '']) {
  userdb(`the name ${JSON.stringify(name)} is refused`, async () => {
    await using at = await scratch()
    const result = await runTool(userdbTool, {args: [name, 'set', 'x=1'], config: at.directory})
    assert.is(result.code, 1)
    assert.equal(await readdir(at.directory), [])
  })
}

userdb('the default userdb must not be a link, other links are followed', async () => {
  await using at = await scratch()
  await mkdir(at.path('other'))
  await symlink('other/db', at.path('userdb'))
  const refused = await runTool(userdbTool, {args: ['-f', at.path('x'), 'ann', 'set', 'x=1'], config: at.directory})
  assert.is(refused.err, `ERROR: Wrong userdb command.\n       (${at.path('userdb')} is a symbolic link)\n`)
  const made = await runTool(userdbTool, {args: ['-f', at.path('userdb'), 'ann', 'set', 'x=1']})
  assert.equal(made, {code: 0, out: '', err: ''})
  assert.is(await readFile(at.path('other', 'db'), 'utf8'), 'ann\tx=1\n')
  await symlink('loop', at.path('loop'))
  assert.match((await runTool(userdbTool, {args: ['-show', '-f', at.path('loop')]})).err, 'Too many levels of symbolic links')
})

userdb('a missing directory is said', async () => {
  await using at = await scratch()
  const result = await runTool(userdbTool, {args: ['-show', '-f', at.path('no', 'db')]})
  assert.equal(result, {code: 1, out: '', err: `Can't open ${at.path('no', '.lock.db')}: No such file or directory\n`})
})

userdb('many changes at once are all there', async () => {
  await using at = await scratch()
  const file = at.path('db')
  const ours = Array.from({length: 15}, (_, index) => runTool(userdbTool, {args: ['-f', file, `u${index}`, 'set', 'x=1']}))
  const theirs = original
    ? Array.from({length: 5}, (_, index) => runOriginal(original, {args: ['-f', file, `v${index}`, 'set', 'x=1']}))
    : []
  for (const {code} of await Promise.all([...ours, ...theirs])) assert.is(code, 0)
  assert.is((await readFile(file, 'utf8')).trim().split('\n').length, ours.length + theirs.length)
})

userdb('a line that never ends is an error', async () => {
  await using at = await scratch()
  await writeFile(at.path('db'), 'x'.repeat(3_000_000))
  const result = await runTool(userdbTool, {args: ['-f', at.path('db'), 'ann', 'set', 'x=1']})
  assert.is(result.code, 1)
  assert.match(result.err, 'longer than')
})

userdb('fields that are formatted are read back', () => {
  const text = fc.string({
    unit: fc.integer({min: 0, max: 255}).map((octet) => String.fromCharCode(octet === 0x7c || octet === 0x0a ? 0x2e : octet)),
  })
  const name = text.map((value) => value.replaceAll('=', ''))
  const field: fc.Arbitrary<Field> = fc
    .record({name, value: fc.option(text, {nil: undefined})}, {noNullPrototype: true})
    .filter((candidate) => candidate.name !== '' || candidate.value !== undefined)
  fc.assert(fc.property(fc.array(field), (fields) => assert.equal(parseFields(formatFields(fields)), fields)))
  fc.assert(
    fc.property(fc.uniqueArray(field, {selector: ({name: key}) => key}), (fields) => {
      const items = fields.map((item) => formatFields([item]))
      assert.is(setFields('', items), items.join('|'))
      assert.is(
        unsetFields(
          items.join('|'),
          fields.map(({name: key}) => key),
        ),
        '',
      )
    }),
  )
})

userdb.run()
