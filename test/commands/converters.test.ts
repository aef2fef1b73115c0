import {chmod, mkdir, readdir, readFile, symlink, writeFile} from 'node:fs/promises'
import * as assert from 'uvu/assert'
import {isAtLeast} from '../../src/services/courierauthconfig-tool.js'
import {pw2userdbTool} from '../../src/services/pw2userdb-tool.js'
import {userdbTestCramMd5Tool} from '../../src/services/userdb-test-cram-md5-tool.js'
import {scratch} from '../auth/support/scratch.js'
import {isInstalled, runProgram} from '../support/run-program.js'
import {suite} from '../support/suite.js'
import {originalProgram, runOriginal, runTool, type ToolResult} from './support/run-tool.js'

const converters = suite('Converters and helpers')
const pw2userdb = originalProgram('pw2userdb')
const testCram = originalProgram('userdb-test-cram-md5')
const NOT_INSTALLED = 'the original is not installed'

const PASSWD = `# comment
vm:HASH1:900:901:V|M,room 1:/home/vm:
twice:A:902:901:V:/home/a:/bin/sh
root:x:0:0:root:/root:/bin/bash
short:x
nouid:x:::g:/h:
twice:B:903:901:W:/home/b:/bin/sh
j\xf6rg:*:7:7::/h:/s:more
`
const SHADOW = 'root:$6$aa$bb:1\nvm:NEW:2\nnobody:x:3\nnouid::\n'

/** \`P\`: the passwd file, \`S\`: the shadow file, \`D\`: their directory. */
const CALLS: readonly (readonly string[])[] = [
  ['--passwd', 'P', '--noshadow'],
  ['--passwd=P', '--shadow=S'],
  ['-passwd', 'P', '-shadow', 'S', '--nouid', '--domain=example.com'],
  ['--PASS=P', '--nosh', 'word', '--dom', 'x.org'],
  ['--passwd', 'P', '--shadow', 'D'],
  ['--passwd', 'P', '--shadow', 'S', '--', '--nouid'],
  ['--passwd', 'P', '--noshadow', '--vpopuid'],
  ['--bogus', 'x'],
  ['--passwd'],
  ['--no'],
  ['--noshadow=5'],
  ['--passwd', 'D/missing'],
]

async function convert(args: readonly string[], run: (args: string[]) => Promise<ToolResult>) {
  await using at = await scratch()
  await writeFile(at.path('passwd'), PASSWD, 'latin1')
  await writeFile(at.path('shadow'), SHADOW)
  const place = (arg: string) =>
    arg
      .replace(/^(.*=|)P$/, `$1${at.path('passwd')}`)
      .replace(/^(.*=|)S$/, `$1${at.path('shadow')}`)
      .replace(/^D/, at.directory)
  const {code, out, err} = await run(args.map(place))
  return {fails: code !== 0, out: out.split('\n').sort(), err}
}

for (const args of CALLS) {
  converters.when(pw2userdb, NOT_INSTALLED)(`pw2userdb ${args.join(' ')}: as the original`, async () => {
    const ours = await convert(args, (words) => runTool(pw2userdbTool, {args: words}))
    const theirs = await convert(args, (words) => runOriginal(pw2userdb ?? '', {args: words}))
    assert.equal(ours, theirs)
  })
}

converters('pw2userdb keeps the order, and leaves out what cannot stand in userdb', async () => {
  await using at = await scratch()
  await writeFile(at.path('p'), 'b:x:1:1::/b:\n:x:2:2::/n:\nt\tab:x:3:3::/t:\nbar:x:4:4::/h|x:\na:x:5:5::/a:\n')
  const {code, out, err} = await runTool(pw2userdbTool, {args: ['--passwd', at.path('p'), '--noshadow', '--nouid']})
  assert.is(code, 0)
  assert.is(out, 'b\tuid=1|gid=1|home=/b\na\tuid=5|gid=5|home=/a\n')
  assert.is(err.trim().split('\n').length, 3)
})

const DIALOGUES = [
  'tim\ntanstaaftanstaaf\nPDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+\n',
  'tim\ntanstaaftanstaaf\n+ PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+\n',
  `t\xfc\n${'long '.repeat(30)}\n+PDFAYT4=\n`,
]

for (const input of DIALOGUES) {
  converters.when(testCram, NOT_INSTALLED)(`userdb-test-cram-md5 with ${JSON.stringify(input.slice(0, 30))}: as the original`, async () => {
    const call = {args: [], input}
    assert.equal(await runTool(userdbTestCramMd5Tool, call), await runOriginal(testCram ?? '', call))
  })
}

converters('userdb-test-cram-md5 answers the example of RFC 2195', async () => {
  const {code, out} = await runTool(userdbTestCramMd5Tool, {args: [], input: DIALOGUES[0] ?? ''})
  assert.is(code, 0)
  assert.is(out.trim().split('\n').at(-1), 'dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw')
  assert.is((await runTool(userdbTestCramMd5Tool, {args: [], input: 'tim\n'})).code, 1)
})

/** Links as an administrator has them, and a `getent` that knows vpopmail. */
async function links() {
  const at = await scratch()
  const made = await runProgram(process.execPath, ['bin/run.js', 'install-links', at.path('sbin')])
  assert.is(made.code, 0, made.stderr)
  await writeFile(at.path('getent'), `#!/bin/sh\n[ "$3" = vpopmail ] && echo "vpopmail:x:89:90::${at.path('vpop')}:/bin/sh"\n`)
  await chmod(at.path('getent'), 0o755)
  const env = {PATH: `${at.directory}:${process.env.PATH}`}
  return {...at, run: (name: string, args: readonly string[], input = '') => runProgram(at.path('sbin', name), args, {env, input})}
}

converters('vchkpw2userdb converts all domains, with the ids of vpopmail', async () => {
  await using at = await links()
  await mkdir(at.path('vpop', 'users'), {recursive: true})
  await mkdir(at.path('vpop', 'domains', 'b.org'), {recursive: true})
  await mkdir(at.path('vpop', 'domains', 'a.org'), {recursive: true})
  await writeFile(at.path('vpop', 'users', 'vpasswd'), 'joe:$1$x:1:0:Joe:/v/joe:NOQUOTA\n')
  await writeFile(at.path('vpop', 'domains', 'b.org', 'vpasswd'), 'joe:$1$y:1:0:Joe:/v/b/joe:\n')
  const [joe, joeB] = [
    'joe\tuid=89|gid=90|home=/v/joe|shell=NOQUOTA|systempw=$1$x|gecos=Joe\n',
    'joe@b.org\tuid=89|gid=90|home=/v/b/joe|systempw=$1$y|gecos=Joe\n',
  ]
  assert.equal(await at.run('vchkpw2userdb', []), {code: 0, stdout: joe + joeB, stderr: ''})
  await mkdir(at.path('to'))
  await symlink('/dev/null', at.path('to', 'users'))
  assert.equal(await at.run('vchkpw2userdb', [`--todir=${at.path('to')}`]), {code: 0, stdout: '', stderr: ''})
  assert.equal((await readdir(at.path('to'))).sort(), ['b.org', 'users'])
  assert.is(await readFile(at.path('to', 'b.org'), 'utf8'), joeB)
  const {code, stderr} = await at.run('vchkpw2userdb', ['--vpopmailhome', at.path('to')])
  assert.is(code, 1)
  assert.match(stderr, 'no file "users/vpasswd"')
})

converters('links run the tools, and are made once', async () => {
  await using at = await links()
  assert.equal(await at.run('authpasswd', ['md5'], 'secret\n'), {code: 0, stdout: '{MD5}Xr4ilOzQ4PCOq3aQ0qbuaQ==\n', stderr: ''})
  assert.equal(await at.run('maildirmake', [at.path('Maildir')]), {code: 0, stdout: '', stderr: ''})
  assert.match((await at.run('userdb', [])).stdout, `Usage: ${at.path('sbin', 'userdb')} [path/`)
  const again = await runProgram(process.execPath, ['bin/run.js', 'install-links', at.path('sbin')])
  assert.match(again.stdout, 'authpasswd (was there)')
  await writeFile(at.path('sbin', 'authpasswd2'), '')
  await mkdir(at.path('other'))
  await writeFile(at.path('other', 'userdb'), 'mine')
  const refused = await runProgram(process.execPath, ['bin/run.js', 'install-links', at.path('other')])
  assert.is(refused.code, 2)
  assert.match(refused.stderr, 'userdb')
  assert.equal(await readdir(at.path('other')), ['userdb'])
  const forced = await runProgram(process.execPath, ['bin/run.js', 'install-links', at.path('other'), '--force'])
  assert.is(forced.code, 0)
  assert.match((await runProgram('bin/tool.cjs', [])).stderr, 'runs under the names of the tools')
})

converters('courierauthconfig tells versions and places', async () => {
  await using at = await links()
  const {code, stdout} = await at.run('courierauthconfig', ['--version=0.63', 'x', '--version=1.0', '--configfiles'])
  assert.is(code, 0)
  const [old, later, ...lines] = stdout.trim().split('\n')
  assert.equal([old, later], ['yes', 'no'])
  const names = lines.map((line) => line.split('=')[0])
  assert.equal(names, 'userdb authdaemonrc authldaprc authmysqlrc authpgsqlrc mailuser mailgroup mailuid mailgid sbindir'.split(' '))
  assert.is(lines.at(-1), `sbindir=${at.path('sbin')}`)
  assert.ok(isAtLeast('0.73.1', '0.73') && isAtLeast('0.73.1', '0.73.1') && !isAtLeast('0.73.1', '0.73.2') && !isAtLeast('0.73.1', '0.100'))
})

converters.when(isInstalled('/usr/sbin/authpasswd'), NOT_INSTALLED)('authpasswd: as the original', async () => {
  const {authpasswdTool} = await import('../../src/services/authpasswd-tool.js')
  const {hashLike} = await import('../../src/auth/hash/hash-like.js')
  const {randomBytes} = await import('node:crypto')
  const original = '/usr/sbin/authpasswd'
  for (const method of ['md5', 'MD5RAW', 'md5rXY', 'sha', 'Sha256', 'sha512']) {
    for (const input of ['secret\n', 'secret', 'a\r\nb', '\n', '\xff\n', '', 'x'.repeat(9000)]) {
      const call = {args: [method, 'ignored'], input}
      assert.equal(await runTool(authpasswdTool, call), await runOriginal(original, call), method)
    }
  }
  for (const args of [['ssha'], ['sha1'], ['crypt'], ['{sha}'], ['--help'], ['x'.repeat(40)]]) {
    for (const {out, err, code} of [
      await runTool(authpasswdTool, {args, input: 'secret\n'}),
      await runOriginal(original, {args, input: 'secret\n'}),
    ]) {
      assert.match(out, /^\{SSHA\}[A-Za-z0-9+/]{32}\n$/)
      assert.equal([err, code], ['', 0])
    }
  }
  for (const {out} of [
    await runTool(authpasswdTool, {args: [], input: 'secret\n'}),
    await runOriginal(original, {args: [], input: 'secret\n'}),
  ]) {
    assert.match(out, /^\$1\$.{5}\$[./0-9A-Za-z]{22}\n$/)
  }
  assert.match(hashLike(undefined, Buffer.from('secret'), {random: randomBytes}), /^\{SHA512\}/)
  assert.match(hashLike('$6$x$y', Buffer.from('secret'), {random: randomBytes}), /^\{SSHA\}/)
})

converters.run()
