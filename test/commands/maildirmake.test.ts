import {chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync} from 'node:fs'
import {join, resolve} from 'node:path'
import fc from 'fast-check'
import * as assert from 'uvu/assert'
import {convertedFilter} from '../../src/services/maildirmake/mail-filter.js'
import {maildirmake} from '../../src/services/maildirmake/maildirmake.js'
import {convertedName} from '../../src/services/maildirmake/old-names.js'
import {isInstalled, type ProgramResult, REAL_COURIER, runProgram} from '../support/run-program.js'
import {suite} from '../support/suite.js'
import {temporaryDirectory} from '../support/temporary-directory.js'

const make = suite('maildirmake')
const root = process.cwd()
const UTF8 = {LC_ALL: 'C.UTF-8', MM_CHARSET: undefined, CHARSET: undefined}

/** Runs ours in this process, in a directory. */
async function ours(cwd: string, args: readonly string[], env: NodeJS.ProcessEnv = UTF8): Promise<ProgramResult> {
  let [stdout, stderr] = ['', '']
  const text = (octets: string) => Buffer.from(octets, 'latin1').toString('utf8')
  process.chdir(cwd)
  try {
    const code = await maildirmake(args, {
      env: {...process.env, ...env},
      out: (octets) => {
        stdout += text(octets)
      },
      err: (octets) => {
        stderr += text(octets)
      },
    })
    return {code, stdout, stderr}
  } finally {
    process.chdir(root)
  }
}

/** Every file below a directory, with mode and content. */
function tree(path: string): string[] {
  return readdirSync(path, {recursive: true, encoding: 'utf8'})
    .sort()
    .map((name) => {
      const facts = lstatSync(join(path, name))
      const content = facts.isFile() ? ` ${JSON.stringify(readFileSync(join(path, name), 'latin1'))}` : ''
      return `${name} ${(facts.mode & 0o7777).toString(8)}${content}`
    })
}

const EMPTY = {stdout: '', stderr: '', code: 0}
const USAGE = {stdout: 'Usage: maildirmake [ options ] maildir\n', stderr: '', code: 1}
const zero = '           0            0\n'

make('makes a maildir, whatever the umask', async () => {
  for (const umask of [0o022, 0o077, 0]) {
    using directory = temporaryDirectory()
    const before = process.umask(umask)
    try {
      assert.equal(await ours(directory.path, ['M1']), EMPTY)
    } finally {
      process.umask(before)
    }
    assert.equal(tree(directory.path), ['M1 700', 'M1/cur 700', 'M1/new 700', 'M1/tmp 700'])
  }
})

make('says what is in the way', async () => {
  using directory = temporaryDirectory()
  await ours(directory.path, ['M1'])
  assert.equal(await ours(directory.path, ['M1']), {...EMPTY, stderr: 'maildirmake: M1: File exists\n', code: 1})
  assert.equal(await ours(directory.path, ['-f', 'x', 'nope']), {
    ...EMPTY,
    stderr: 'maildirmake: nope/.x: No such file or directory\n',
    code: 1,
  })
})

make('makes folders', async () => {
  using directory = temporaryDirectory()
  await ours(directory.path, ['M1'])
  await ours(directory.path, ['-f', 'Drafts', 'M1'])
  await ours(directory.path, ['-fA.B', 'M1'])
  const made = tree(directory.path)
  for (const name of ['.Drafts', '.A.B']) assert.ok(made.includes(`M1/${name}/maildirfolder 600 ""`))
  assert.ok(made.includes('M1/.A.B/cur 700'))
  assert.not.ok(existsSync(`${directory.path}/M1/.A`))
})

for (const args of [
  ['-f', 'a..b', 'M'],
  ['-f', 'a.', 'M'],
  ['-f', 'a/b', 'M'],
]) {
  make(`${args.join(' ')} is no folder`, async () => {
    using directory = temporaryDirectory()
    await ours(directory.path, ['M'])
    assert.equal(await ours(directory.path, args), {...EMPTY, stderr: 'maildirmake: : No such file or directory\n', code: 1})
  })
}

make('-f INBOX is the maildir itself', async () => {
  using directory = temporaryDirectory()
  assert.equal(await ours(directory.path, ['-f', 'INBOX', 'M']), EMPTY)
  assert.equal(tree(directory.path), ['M 700', 'M/cur 700', 'M/new 700', 'M/tmp 700'])
})

for (const args of [[], ['-x', 'M'], ['-s', 'read', 'M1'], ['--add', 'firm=rel', 'M'], ['--add', 'firm', 'M'], ['-f'], ['--checkutf8']]) {
  make(`${args.join(' ')} gets the usage`, async () => {
    using directory = temporaryDirectory()
    assert.equal(await ours(directory.path, args), USAGE)
  })
}

make('makes sharable maildirs and folders', async () => {
  using directory = temporaryDirectory()
  await ours(directory.path, ['-S', 'SH'])
  const mode = (path: string) => statSync(join(directory.path, 'SH', path)).mode & 0o7777
  assert.equal([mode(''), mode('cur')], [0o755, 0o700])
  for (const [access, outer, inner] of [
    ['write', 0o1755, 0o1777],
    ['read', 0o755, 0o755],
    ['read,group', 0o750, 0o750],
    ['group', 0o750, 0o750],
    ['write,group', 0o1750, 0o1770],
    ['group,read', 0o755, 0o755],
    ['write read', 0o755, 0o755],
    ['', 0o755, 0o755],
  ] as const) {
    assert.equal(await ours(directory.path, ['-s', access, '-f', `F${access}`, 'SH']), EMPTY)
    assert.equal([mode(`.F${access}`), mode(`.F${access}/new`)], [outer, inner], access)
  }
})

make('-F makes one level of any text', async () => {
  using directory = temporaryDirectory()
  await ours(directory.path, ['M1'])
  for (const [name, made] of [
    ['a.b', '.a\\056b'],
    ['.foo', '.\\056foo'],
    ['Résumé/~:\\x', '.Résumé\\057\\176\\072\\134x'],
  ] as const) {
    assert.equal(await ours(directory.path, ['-F', name, 'M1']), EMPTY)
    assert.ok(existsSync(join(directory.path, 'M1', made)))
  }
  for (const name of ['Résumé', '']) {
    const refused = {stdout: '', stderr: `Cannot convert ${name} to maildir encoding\n`, code: 1}
    assert.equal(await ours(directory.path, ['-F', name, 'M1'], {LC_ALL: 'C'}), refused)
  }
})

make('-q makes the maildir and its quota file', async () => {
  using directory = temporaryDirectory()
  assert.equal(await ours(directory.path, ['-q', '10000000S,1000C', 'Q']), EMPTY)
  assert.ok(tree(directory.path).includes(`Q/maildirsize 644 ${JSON.stringify(`10000000S,1000C\n${zero}`)}`))
  const read = () => readFileSync(`${directory.path}/Q/maildirsize`, 'latin1')
  await ours(directory.path, ['-q', '5C', 'Q'])
  assert.is(read(), `5C\n${zero}`)
  for (const text of ['', '0S', 'NOQUOTA', '100']) {
    const stderr = text === '100' ? "WARN: quota string '100' not parseable\n" : ''
    assert.equal(await ours(directory.path, ['-q', text, 'Q']), {...EMPTY, stderr})
    assert.is(read(), `5C\n${zero}`)
  }
  await ours(directory.path, ['-q7C,x3S', 'Q'])
  assert.is(read(), `3S,7C\n${zero}`)
})

make('-q keeps the INBOX of a sharable maildir private', async () => {
  using directory = temporaryDirectory()
  await ours(directory.path, ['-S', '-q', '5C', 'SH'])
  assert.is(statSync(`${directory.path}/SH`).mode & 0o7777, 0o755)
  assert.is(statSync(`${directory.path}/SH/cur`).mode & 0o7777, 0o700)
})

make('-q for a folder gives the account its quota', async () => {
  using directory = temporaryDirectory()
  await ours(directory.path, ['M'])
  assert.equal(await ours(directory.path, ['-q', '5C', '-f', 'x', 'M']), EMPTY)
  assert.ok(existsSync(`${directory.path}/M/.x/maildirfolder`))
  assert.not.ok(existsSync(`${directory.path}/M/.x/maildirsize`))
  assert.is(readFileSync(`${directory.path}/M/maildirsize`, 'latin1'), `5C\n${zero}`)
})

make('understands long names after the maildir', async () => {
  using directory = temporaryDirectory()
  await ours(directory.path, ['M'])
  assert.equal(await ours(directory.path, ['M', '--folder', 'a.b', '--quota=5C', 'ignored']), EMPTY)
  assert.ok(existsSync(`${directory.path}/M/.a.b/maildirfolder`))
  assert.ok(existsSync(`${directory.path}/M/maildirsize`))
})

make('keeps the list of sharable maildirs', async () => {
  using directory = temporaryDirectory()
  const run = (...args: string[]) => ours(directory.path, args)
  await run('MD')
  await run('PUB')
  const path = `${directory.path}/PUB`
  const list = () => readFileSync(`${directory.path}/MD/shared-maildirs`, 'latin1')
  assert.equal(await run('--add', `firm=${path}`, 'MD'), EMPTY)
  assert.is(list(), `firm\t${path}\n`)
  const again = {stdout: '', stderr: 'firm: already defined as a sharable maildir.\n', code: 2}
  assert.equal(await run('--add', `firm=${path}`, 'MD'), again)
  assert.equal(await run('--add', `fi.rm=${path}`, 'MD'), {...EMPTY, stderr: 'fi.rm: invalid name\n', code: 1})
  assert.equal(await run('--add', 'x=/nonexistent', 'MD'), {...EMPTY, stderr: '/nonexistent: No such file or directory\n', code: 1})
  assert.equal(await run('--del', 'y', 'MD'), {...EMPTY, stderr: 'y: not found.\n', code: 1})
  assert.equal(await run('--del', 'y', 'none'), {...EMPTY, stderr: 'none: No such file or directory\n', code: 1})
  writeFileSync(`${directory.path}/MD/shared-maildirs`, `# note\n${list()}`)
  assert.equal(await run('--del', 'firm', 'MD'), EMPTY)
  assert.is(list(), '# note\n')
})

make('does not add what the list of the host has', async () => {
  using directory = temporaryDirectory()
  await ours(directory.path, ['MD'])
  writeFileSync(`${directory.path}/maildirshared`, '# firms\n  firm \t /x y\n')
  const stderr = `firm: already defined as a sharable maildir in ${directory.path}/maildirshared.\n`
  const env = {COURIER_CONFIG: directory.path}
  assert.equal(await ours(directory.path, ['--add', 'firm=/tmp', 'MD'], env), {stdout: '', stderr, code: 2})
})

/** A Maildir from before Courier 5. */
async function oldMaildir(path: string): Promise<string> {
  await ours(path, ['MD'])
  await ours(path, ['-f', 'R&AOk-p', 'MD'])
  const maildir = `${path}/MD`
  writeFileSync(`${maildir}/courierimapsubscribed`, 'INBOX.R&AOk-p\ninbox\n')
  chmodSync(`${maildir}/courierimapsubscribed`, 0o664)
  return maildir
}

const REPORT = [
  'Checking MD:',
  'Subscription to INBOX.R&AOk-p changed to INBOX.Rép',
  'Rename INBOX.R&AOk-p to INBOX.Rép',
  'Updating MD/courierimapsubscribed',
  '',
].join('\n')

make('--checkutf8 says what would change', async () => {
  for (const args of [
    ['--checkutf8', 'MD'],
    ['MD', '--check'],
  ]) {
    using directory = temporaryDirectory()
    await oldMaildir(directory.path)
    const before = tree(directory.path)
    assert.equal(await ours(directory.path, args), {...EMPTY, stdout: REPORT.replace('Updating', 'Verified')})
    assert.equal(tree(directory.path), before)
  }
})

make('--convutf8 changes it, once', async () => {
  for (const args of [
    ['--convutf8', 'MD'],
    ['MD', '--convert'],
  ]) {
    using directory = temporaryDirectory()
    const maildir = await oldMaildir(directory.path)
    mkdirSync(`${maildir}/courierimaphieracl`)
    writeFileSync(`${maildir}/courierimaphieracl/R&AOk-p`, 'owner a\n')
    const {code} = await ours(directory.path, args)
    assert.is(code, 0)
    const after = tree(directory.path)
    assert.ok(after.includes('MD/.Rép 700'))
    assert.ok(after.includes('MD/courierimaphieracl/Rép 644 "owner a\\n"'))
    assert.ok(after.includes('MD/courierimapsubscribed 664 "INBOX.R\xc3\xa9p\\ninbox\\n"'))
    const second = await ours(directory.path, args)
    assert.is(second.code, 0)
    assert.not.match(second.stdout, /Rename|changed/)
    assert.equal(tree(directory.path), after)
  }
})

make('--convutf8 changes nothing when a name is invalid', async () => {
  using directory = temporaryDirectory()
  const maildir = await oldMaildir(directory.path)
  await ours(directory.path, ['-f', 'A&B', 'MD'])
  const before = tree(maildir)
  assert.equal(await ours(directory.path, ['--convutf8', 'MD']), {
    stdout: 'Checking MD:\n',
    stderr: 'Error: INBOX.A&B: does not appear to be valid modified-UTF7\n',
    code: 1,
  })
  assert.equal(tree(maildir), before)
})

make('--convutf8 goes on when a name is taken', async () => {
  using directory = temporaryDirectory()
  await oldMaildir(directory.path)
  await ours(directory.path, ['-f', 'Rép', 'MD'])
  const {code, stderr} = await ours(directory.path, ['--convutf8', 'MD'])
  assert.is(stderr, 'FATAL ERROR RENAMING MD/.R&AOk-p to MD/.Rép: File exists\n')
  assert.is(code, 1)
})

make('--checkutf8 needs a maildir', async () => {
  using directory = temporaryDirectory()
  const {code, stderr} = await ours(directory.path, ['--checkutf8', 'nope'])
  assert.is(stderr, 'maildirmake: nope: No such file or directory\n')
  assert.is(code, 1)
})

for (const [name, converted] of [
  ['R&AOk-sum&AOk-', 'Résumé'],
  ['A&-B', 'A&B'],
  ['Rép', 'Rép'],
  ['a&AC4-b', 'a\\056b'],
  ['x&AC8-y', 'x\\057y'],
  ['a.b&AOk-', 'a.bé'],
  ['a&AAE-', 'a\\001'],
  ['plain~:', 'plain~:'],
  ['A&B', undefined],
  ['&AOk', undefined],
  ['&2Dzf1Q-', undefined],
  ['a..b', undefined],
  ['', undefined],
] as const) {
  make(`${name} is converted to ${converted}`, () => {
    const octets = (text: string) => Buffer.from(text, 'utf8').toString('latin1')
    assert.is(convertedName(octets(name)), converted === undefined ? undefined : octets(converted))
  })
}

make('never makes a name that leaves the Maildir', () => {
  const piece = fc.constantFrom('&AC8-', '&AC4ALg-', '&-', 'a', '.', '&AAA-', '&AOk-', '&', '-', '/')
  fc.assert(
    fc.property(fc.array(piece, {maxLength: 8}), (pieces) => {
      const name = pieces.join('').replaceAll('/', '')
      const converted = convertedName(name)
      if (converted !== undefined) assert.not.match(converted, /[/\0]|^$|\.\./)
    }),
  )
})

const FILTER = [
  '#MFMAILDROP=2',
  '#',
  "FROM='o\\'brien@example.com'",
  '##Op:startswith',
  '##Header:Subject',
  '##Folder:.R&AOk-p',
  '##Name:one',
  '',
  'if ((/^Subject: *x/))',
  '{',
  '   to "./Maildir/.R&AOk-p/."',
  '}',
  'to "./Maildir/."',
  '',
].join('\n')

make('converts the folders of a mail filter, and nothing else in it', () => {
  const converted = convertedFilter(FILTER)
  assert.is(converted?.text, FILTER.replaceAll('R&AOk-p', 'R\xc3\xa9p'))
  assert.equal(converted?.changes, [['INBOX.R&AOk-p', 'INBOX.R\xc3\xa9p']])
  assert.is(convertedFilter('to "./Maildir/."\n'), undefined)
  assert.equal(convertedFilter('#MFMAILDROP=1\n##Folder:.A&B\n')?.invalid, ['INBOX.A&B'])
  assert.equal(convertedFilter('#MFMAILDROP=1\n##Folder:.\n##Folder:!a@b\n')?.changes, [])
})

make('converts a mail filter with the folders', async () => {
  using directory = temporaryDirectory()
  await oldMaildir(directory.path)
  const path = `${directory.path}/.mailfilter`
  writeFileSync(path, FILTER)
  chmodSync(path, 0o600)
  const {stdout} = await ours(directory.path, ['--convutf8', 'MD', '.mailfilter'])
  assert.match(stdout, /Mail filter to INBOX\.R&AOk-p updated to INBOX\.Rép\n/)
  assert.match(stdout, /Updating \.mailfilter\n$/)
  assert.is(readFileSync(path, 'utf8'), FILTER.replaceAll('R&AOk-p', 'Rép'))
  assert.is(statSync(path).mode & 0o7777, 0o600)
  writeFileSync(path, 'foreign\n')
  const again = await ours(directory.path, ['--checkutf8', 'MD', '.mailfilter'])
  assert.is(again.stderr, 'Error: cannot load .mailfilter\n')
  assert.is(again.code, 0)
})

make('is a command with help', async () => {
  using directory = temporaryDirectory()
  const bin = resolve(root, 'bin/run.js')
  const made = await runProgram(process.execPath, [bin, 'maildirmake', 'M', '--folder', 'x'], {cwd: directory.path})
  assert.equal(made, {...EMPTY, stderr: 'maildirmake: M/.x: No such file or directory\n', code: 1})
  assert.equal(await runProgram(process.execPath, [bin, 'maildirmake', '-q', '5C', 'M'], {cwd: directory.path}), EMPTY)
  const help = await runProgram(process.execPath, [bin, 'maildirmake', '--help'])
  assert.is(help.code, 0)
  assert.match(help.stdout, /--folder Drafts/)
})

const withReal = make.when(isInstalled(REAL_COURIER.maildirmake), 'Courier is not installed')

/** Lines of arguments, run one after the other in one directory. */
const SCRIPTS: Record<string, readonly (readonly string[])[]> = {
  creation: [
    ['M'],
    ['M'],
    ['-f', 'Drafts', 'M'],
    ['-fA.B', 'M'],
    ['-f', '.X', 'M'],
    ['-f', 'x', 'nope'],
    ['-foo', 'M'],
    ['-'],
    ['M2', '-f'],
  ],
  usage: [[], ['-x', 'M'], ['--', 'M'], ['-s', 'read', 'M'], ['-f'], ['-q'], ['--add'], ['--add', 'x', 'M'], ['--del'], ['--checkutf8']],
  modes: [
    ['-S', 'M'],
    ['-s', 'write', '-f', 'W', 'M'],
    ['-sread,group', '-f', 'R', 'M'],
    ['-S', '-f', 'S', 'M'],
    ['-s', '', '-f', 'E', 'M'],
  ],
  names: [['M'], ['-F', 'a.b', 'M'], ['-F', 'Résumé/~:\\x', 'M'], ['-f', 'Résumé.x', 'M']],
  quota: [['-q', '5S,6C', 'M'], ['-q', '7C,x3S', 'M'], ['-q', '5', 'M'], ['-q5', 'M'], ['-q', '1S', 'no/where'], ['']],
  sharable: [
    ['M'],
    ['--add', 'a=/tmp', 'M'],
    ['--add', 'a=/tmp', 'M'],
    ['--add', 'b/c=/tmp', 'M'],
    ['--del', 'a', 'M'],
    ['--del', 'a', 'M'],
  ],
  conversion: [['M'], ['-f', 'R&AOk-p', 'M'], ['--convutf8', 'M'], ['-f', 'A&B', 'M'], ['--checkutf8', 'M']],
}

for (const [title, script] of Object.entries(SCRIPTS)) {
  withReal(`does as Courier does: ${title}`, async () => {
    using directory = temporaryDirectory()
    const [mine, theirs] = [`${directory.path}/mine`, `${directory.path}/theirs`]
    mkdirSync(mine)
    mkdirSync(theirs)
    for (const args of script) {
      const expected = await runProgram(REAL_COURIER.maildirmake, args, {cwd: theirs, env: UTF8})
      const label = args.join(' ')
      const got = await ours(mine, args)
      // A name that was converted before is not garbled again.
      if (title === 'conversion' && args[0] === '--checkutf8') assert.is(got.code, expected.code, label)
      else assert.equal(got, expected, label)
      assert.equal(tree(mine), tree(theirs), label)
    }
  })
}

make.run()
