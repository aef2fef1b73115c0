import {chmod, mkdir, readdir, readFile, stat, symlink, writeFile} from 'node:fs/promises'
import * as assert from 'uvu/assert'
import {makeuserdbTool} from '../../src/services/makeuserdb-tool.js'
import {gdbmHash} from '../../src/support/gdbm-form.js'
import {readGdbm} from '../../src/support/gdbm-reader.js'
import {openKeyedDatabase} from '../../src/support/keyed-database.js'
import {scratch} from '../auth/support/scratch.js'
import {isLong} from '../support/is-long.js'
import {runProgram} from '../support/run-program.js'
import {suite} from '../support/suite.js'
import {originalProgram, runOriginal, runTool} from './support/run-tool.js'

const makeuserdb = suite('makeuserdb')
const original = originalProgram('makeuserdb')

const ANN =
  'uid=5001|gid=5001|home=/srv/mail/ann|mail=./Maildir|quota=5000000S|gecos=Ann Lee,room 3|systempw={SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=|hmac-md5pw=cd3b|options=sharedgroup=north'
const TEXT = `# test accounts
ann@corp.example\t${ANN}
bob\tuid=5002|gid=5001|home=/srv/mail/bob|imappw={MD5RAW}5ebe|systempw={SHA256}y2Q=
5001=\tann@corp.example
`

/** All records of a compiled file. */
async function records(path: string): Promise<Record<string, string> | undefined> {
  const database = await openKeyedDatabase(path)
  if (!database) return undefined
  try {
    return Object.fromEntries(database.records())
  } finally {
    await database.close()
  }
}

async function both(source: string) {
  return {open: await records(`${source}.lmdb`), shadow: await records(`${source}shadow.lmdb`)}
}

makeuserdb('splits records into a public and a secret part', async () => {
  await using at = await scratch()
  await writeFile(at.path('userdb'), TEXT, {mode: 0o600})
  assert.equal(await runTool(makeuserdbTool, {args: [], config: at.directory}), {code: 0, out: '', err: ''})
  assert.equal(await both(at.path('userdb')), {
    open: {
      '5001=': 'ann@corp.example|_=',
      'ann@corp.example':
        'uid=5001|gid=5001|home=/srv/mail/ann|mail=./Maildir|quota=5000000S|gecos=Ann Lee,room 3|options=sharedgroup=north|_=',
      bob: 'uid=5002|gid=5001|home=/srv/mail/bob|_=',
    },
    shadow: {
      'ann@corp.example': 'systempw={SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=|hmac-md5pw=cd3b',
      bob: 'imappw={MD5RAW}5ebe|systempw={SHA256}y2Q=',
    },
  })
  assert.is((await stat(at.path('userdb.lmdb'))).mode & 0o777, 0o644)
  assert.is((await stat(at.path('userdbshadow.lmdb'))).mode & 0o777, 0o600)
})

makeuserdb('only NAMEpw= is secret, odd lines are what they are', async () => {
  await using at = await scratch()
  await writeFile(at.path('db'), 'x\thome=/a|pwx=1|xpw||my pw=2|apw=3|\nk-only\n\tnobody=1\n #no\tcomment=1\r\ne\t\n\n# c', {mode: 0o600})
  assert.equal(await runTool(makeuserdbTool, {args: ['-f', at.path('db')]}), {code: 0, out: '', err: ''})
  assert.equal(await both(at.path('db')), {
    open: {x: 'home=/a|pwx=1|xpw|_=', 'k-only': '1', ' #no': 'comment=1\r|_=', e: '_='},
    shadow: {x: 'my pw=2|apw=3', 'k-only': '1'},
  })
})

makeuserdb('an empty file gives two empty databases', async () => {
  await using at = await scratch()
  await writeFile(at.path('db'), '', {mode: 0o600})
  assert.equal(await runTool(makeuserdbTool, {args: ['-f', at.path('db')]}), {code: 0, out: '', err: ''})
  assert.equal(await both(at.path('db')), {open: {}, shadow: {}})
})

makeuserdb('a directory is read with those below it, without hidden files', async () => {
  await using at = await scratch()
  await mkdir(at.path('db', 'sub'), {recursive: true, mode: 0o700})
  await chmod(at.path('db'), 0o700)
  await writeFile(at.path('db', 'x.org'), 'a@x\tuid=1')
  await writeFile(at.path('db', 'sub', 'y.org'), 'b@y\tuid=2|systempw=h\n')
  await writeFile(at.path('db', '.hidden'), 'c\tuid=3\n')
  await writeFile(Buffer.concat([Buffer.from(at.path('db', 'sub')), Buffer.from('/z\xff', 'latin1')]), 'z\tuid=4\n')
  await symlink('..', at.path('db', 'sub', 'loop'))
  assert.equal(await runTool(makeuserdbTool, {args: ['-f', `${at.path('db')}/`]}), {code: 0, out: '', err: ''})
  assert.equal(await both(at.path('db')), {
    open: {'a@x': 'uid=1|_=x.org/', 'b@y': 'uid=2|_=sub/y.org/', z: 'uid=4|_=sub/z\xff/'},
    shadow: {'b@y': 'systempw=h'},
  })
})

for (const [title, text, problem, line] of [
  ['a double name', 'a\thome=/a\nb\tuid=1\na\thome=/b\n', 'Cannot store record for a - duplicate or out of disk space.', 3],
  ['a line with a dot', 'a\thome=/a\n.\nb\tuid=1\n', 'A line with a single "." has no account.', 2],
  ['a name that is too long', `${'n'.repeat(1979)}\tuid=1\n`, 'A name may have 1978 octets, this one has 1979.', 1],
] as const) {
  makeuserdb(`${title} is told with its place, and nothing is replaced`, async () => {
    await using at = await scratch()
    await writeFile(at.path('db'), 'old\tuid=1|systempw=h\n', {mode: 0o600})
    await runTool(makeuserdbTool, {args: ['-f', at.path('db')]})
    const before = await both(at.path('db'))
    await writeFile(at.path('db'), text)
    const result = await runTool(makeuserdbTool, {args: ['-f', at.path('db')]})
    assert.equal(result, {code: 1, out: '', err: `${problem}\n       (${at.path('db')}, line ${line})\n\n`})
    assert.equal(await both(at.path('db')), before)
    assert.equal((await readdir(at.directory)).sort(), ['db', 'db.lmdb', 'db.lock', 'dbshadow.lmdb'])
  })
}

makeuserdb('a file that is no userdb at all gives a bounded list', async () => {
  await using at = await scratch()
  await writeFile(at.path('db'), 'same\n'.repeat(10_000), {mode: 0o600})
  const {code, err} = await runTool(makeuserdbTool, {args: ['-f', at.path('db')]})
  assert.is(code, 1)
  assert.is(err.split('\n\n').length, 51)
})

for (const [title, prepare] of [
  ['no source', async () => undefined],
  ['a source that others may read', (path: string) => writeFile(path, 'a\tuid=1\n').then(() => chmod(path, 0o640))],
  ['a source that is a link', (path: string) => writeFile(`${path}2`, '', {mode: 0o600}).then(() => symlink('db2', path))],
  ['a database that is a link', (path: string) => writeFile(path, '', {mode: 0o600}).then(() => symlink('x', `${path}shadow.dat`))],
  ['a dangling link', (path: string) => mkdir(path, {mode: 0o700}).then(() => symlink('nowhere', `${path}/x`))],
] as const) {
  makeuserdb.when(original, 'the original is not installed')(`as the original: ${title}`, async () => {
    const results = []
    for (const run of [(args: string[]) => runTool(makeuserdbTool, {args}), (args: string[]) => runOriginal(original ?? '', {args})]) {
      await using at = await scratch()
      await prepare(at.path('db'))
      const {code, out, err} = await run(['-f', at.path('db')])
      results.push({fails: code !== 0, out: out.replaceAll(at.directory, 'D'), err: err.replaceAll(at.directory, 'D')})
    }
    assert.equal(results[0], results[1])
    assert.ok(results[0]?.fails)
  })
}

makeuserdb('two runs at once both succeed', async () => {
  await using at = await scratch()
  await writeFile(at.path('userdb'), TEXT, {mode: 0o600})
  const results = await Promise.all(Array.from({length: 6}, () => runTool(makeuserdbTool, {args: [], config: at.directory})))
  assert.ok(results.every(({code}) => code === 0))
  assert.is(Object.keys((await records(at.path('userdb.lmdb'))) ?? {}).length, 3)
})

makeuserdb('real databases of another form are mentioned and left alone', async () => {
  await using at = await scratch()
  await writeFile(at.path('userdb'), TEXT, {mode: 0o600})
  await writeFile(at.path('userdb.dat'), 'x')
  for (const args of [[], ['--gdbm']]) {
    const {code, err} = await runTool(makeuserdbTool, {args, config: at.directory})
    assert.is(code, 0)
    assert.match(err, 'run its makeuserdb too')
    assert.is(await readFile(at.path('userdb.dat'), 'utf8'), 'x')
  }
})

/** All records of a GDBM file, by our own reader. */
async function gdbmRecords(path: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for await (const [key, value] of readGdbm(path)) {
    assert.not.ok(key in found)
    found[key] = value
  }
  return found
}

async function gdbmPair(source: string) {
  return {open: await gdbmRecords(`${source}.dat`), shadow: await gdbmRecords(`${source}shadow.dat`)}
}

makeuserdb('GDBM files are made when wanted, and kept in step from then on', async () => {
  await using at = await scratch()
  await writeFile(at.path('userdb'), TEXT, {mode: 0o600})
  const run = (...args: string[]) => runTool(makeuserdbTool, {args, config: at.directory})
  await run()
  assert.not.ok((await readdir(at.directory)).includes('userdb.dat'))
  assert.equal(await run('--gdbm'), {code: 0, out: '', err: ''})
  assert.equal(await gdbmPair(at.path('userdb')), await both(at.path('userdb')))
  assert.is((await stat(at.path('userdb.dat'))).mode & 0o777, 0o644)
  assert.is((await stat(at.path('userdbshadow.dat'))).mode & 0o777, 0o600)
  assert.ok((await stat(at.path('userdb.dat'))).mtimeMs <= (await stat(at.path('userdb.lmdb'))).mtimeMs)
  await writeFile(at.path('userdb'), 'new\tuid=1\n')
  await run()
  assert.equal((await gdbmPair(at.path('userdb'))).open, {new: 'uid=1|_='})
  await writeFile(at.path('userdb'), 'a\tuid=1\na\tuid=2\n')
  assert.is((await run()).code, 1)
  assert.equal((await gdbmPair(at.path('userdb'))).open, {new: 'uid=1|_='})
  assert.not.ok((await readdir(at.directory)).some((name) => name.endsWith('.tmp')))
})

const PRINT = 'use GDBM_File; tie(%h,"GDBM_File",$ARGV[0],GDBM_READER,0) or die; print map {"$_\\t$h{$_}\\n"} sort keys %h'
const CHANGE = 'use GDBM_File; tie(%h,"GDBM_File",$ARGV[0],GDBM_WRITER,0) or die; $h{"x$_"}="y$_" for 1..2000; delete $h{u1}; delete $h{x7}'
const hasLibgdbm = (await runProgram('perl', ['-MGDBM_File', '-e', '1'])).code === 0

for (const count of [0, 1, 166, 167, 3000]) {
  makeuserdb.when(original && hasLibgdbm, 'the original or Perl with libgdbm is not installed')(
    `${count} accounts: libgdbm reads the same from our GDBM files as from the original's, and we from both`,
    async () => {
      await using at = await scratch()
      const lines = Array.from(
        {length: count},
        (_, index) => `u${index}\xf6\tuid=${index}|gecos=${'g'.repeat(index % 50)}|systempw=${index}\n`,
      )
      for (const name of ['ours', 'theirs']) await writeFile(at.path(name), lines.join(''), {mode: 0o600, encoding: 'latin1'})
      assert.is((await runTool(makeuserdbTool, {args: ['--gdbm', '-f', at.path('ours')]})).code, 0)
      assert.is((await runOriginal(original ?? '', {args: ['-f', at.path('theirs')]})).code, 0)
      // The original's place of a record is wrong for files other than the default.
      const plain = (text: string) => text.replaceAll(/_=.*/g, '_=')
      for (const part of ['', 'shadow']) {
        const [a, b] = [`ours${part}.dat`, `theirs${part}.dat`].map((name) => at.path(name)) as [string, string]
        const printed = await runProgram('perl', ['-e', PRINT, a])
        assert.equal([printed.code, printed.stdout.split('\n').length], [0, count + 1])
        assert.is(printed.stdout, plain((await runProgram('perl', ['-e', PRINT, b])).stdout))
        const [ours, theirs] = [await gdbmRecords(a), await gdbmRecords(b)]
        assert.equal(Object.keys(ours).sort(), Object.keys(theirs).sort())
        for (const [key, value] of Object.entries(theirs)) assert.is(ours[key], plain(value))
      }
      if (count < 2) return
      assert.is((await runProgram('perl', ['-e', CHANGE, at.path('oursshadow.dat')])).code, 0)
      const changed = await gdbmRecords(at.path('oursshadow.dat'))
      assert.is(Object.keys(changed).length, count + 1999)
      assert.is(changed.x2000, 'y2000')
    },
  )
}

makeuserdb('the hash of GDBM', () => {
  for (const [key, hash] of [
    ['john', 0x68a1c5bb],
    ['john@example.com', 0x7b6b466d],
    ['1000=', 0x5b54b16d],
    ['юзер', 0x43e59b0a],
    ['', 0x3039],
  ] as const) {
    assert.is(gdbmHash(Buffer.from(key)), hash, key)
  }
})

makeuserdb('damaged GDBM files are an error or other records, nothing worse', async () => {
  await using at = await scratch()
  await writeFile(at.path('userdb'), TEXT, {mode: 0o600})
  await runTool(makeuserdbTool, {args: ['--gdbm'], config: at.directory})
  const whole = await readFile(at.path('userdb.dat'))
  const damaged = Array.from({length: 300}, (_, index) => {
    const octets = Buffer.from(whole)
    // Header, directory, bucket, data.
    const at = index < 100 ? index % 56 : (index * 2654435761) % octets.length
    octets[at] = (octets[at] ?? 0) ^ (1 << (index % 8))
    return octets
  })
  for (const octets of [...damaged, Buffer.alloc(0), whole.subarray(0, 47), whole.subarray(0, 5000), Buffer.alloc(9000, 0xff)]) {
    await writeFile(at.path('bad'), octets)
    try {
      await gdbmRecords(at.path('bad'))
    } catch (error) {
      assert.match(String(error), /damaged|no GDBM file|Expected/)
    }
  }
})

makeuserdb('many accounts in a moment', async () => {
  await using at = await scratch()
  const count = isLong ? 1_000_000 : 20_000
  const lines = Array.from(
    {length: count},
    (_, index) => `u${index}@example.com\tuid=5000|gid=5000|home=/srv/mail/u${index}|systempw=${index}\n`,
  )
  await writeFile(at.path('db'), lines.join(''), {mode: 0o600})
  assert.is((await runTool(makeuserdbTool, {args: ['-f', at.path('db')]})).code, 0)
  const database = await openKeyedDatabase(at.path('dbshadow.lmdb'))
  assert.is(database?.get(`u${count - 1}@example.com`), `systempw=${count - 1}`)
  await database?.close()
})

makeuserdb.run()
