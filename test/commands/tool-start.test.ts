import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {mkdir, readFile, symlink, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {Script} from 'node:vm'
import * as assert from 'uvu/assert'
import {loadTryLock} from '../../src/auth/native.js'
import {makeUserdb} from '../../src/auth/userdb/make.js'
import {TOOLS} from '../../src/services/tools.js'
import {scratch} from '../auth/support/scratch.js'
import {isInstalled, runProgram} from '../support/run-program.js'
import {suite} from '../support/suite.js'

const start = suite('Start of the tools')
const ID_OCTETS = 32

for (const name of Object.keys(TOOLS)) {
  start(`${name} is one file, and its compiled code beside it fits this Node`, async () => {
    const filename = join('dist', 'tools', `${name}.cjs`)
    const [text, code] = [await readFile(filename), await readFile(`${filename}.code`)]
    assert.equal(code.toString('latin1', 0, ID_OCTETS), text.toString('latin1', 0, ID_OCTETS), 'it was compiled from another text')
    const {cachedDataRejected} = new Script(text.toString('latin1'), {filename, cachedData: code.subarray(ID_OCTETS)})
    assert.not.ok(cachedDataRejected)
  })
}

/** What a tool loads that is not part of each program in Node: files, and heavy parts of Node. */
const REPORT = `
const {writeSync} = require('node:fs')
process.on('exit', () => {
  const heavy = ['crypto', 'child_process', 'fs/promises', 'net', 'http', 'tls', 'worker_threads', 'zlib', 'stream']
  const parts = process.moduleLoadList.map((part) => part.replace('NativeModule ', '')).filter((part) => heavy.includes(part))
  writeSync(2, JSON.stringify([...Object.keys(require.cache), ...parts]))
})`

/** The tool called by a link; what it loads. */
async function loadedBy(
  name: string,
  args: readonly string[],
  {input = '', config}: {readonly input?: string; readonly config?: string} = {},
): Promise<readonly string[]> {
  await using at = await scratch()
  const link = at.path('sbin', name)
  await mkdir(at.path('sbin'))
  await symlink(join(process.cwd(), 'bin', 'tool.cjs'), link)
  await writeFile(at.path('report.cjs'), REPORT)
  await writeFile(at.path('userdb'), 'ann\tuid=5\n', {mode: 0o600})
  const words = args.map((arg) => arg.replace('FILE', at.path('userdb')))
  const {code, stderr} = await runProgram(process.execPath, ['--require', at.path('report.cjs'), link, ...words], {
    input,
    env: {PATH: process.env.PATH ?? '', COURIER_CONFIG: config ?? at.directory},
  })
  assert.is(code, 0, stderr)
  const loaded = JSON.parse(stderr) as string[]
  return loaded.filter((each) => each !== at.path('report.cjs')).map((each) => each.replace(/.*\/node_modules\//, ''))
}

start('a tool that shows a line loads nothing but itself', async () => {
  assert.equal(await loadedBy('userdb', ['-show', '-f', 'FILE', 'ann']), [join(process.cwd(), 'bin', 'tool.cjs')])
})

start('a tool that takes a lock loads what makes system calls besides, and no database', async () => {
  const [launcher, ...others] = await loadedBy('userdb', ['-f', 'FILE', 'ann', 'set', 'gecos'], {input: 'Ann\n'})
  assert.ok(launcher?.endsWith('tool.cjs'))
  assert.ok(others.length > 0 && others.every((each) => each.includes('koffi')), others.join(', '))
})

start('makeuserdb loads the database, and neither cryptography nor child processes', async () => {
  const loaded = await loadedBy('makeuserdb', [])
  assert.ok(loaded.some((each) => each.includes('lmdb')))
  assert.equal(
    loaded.filter((each) => ['crypto', 'child_process', 'fs/promises', 'net', 'http', 'stream', 'worker_threads', 'zlib'].includes(each)),
    [],
  )
})

for (const [call, words] of [
  ['looks an account up', ['ann']],
  ['checks a password', ['ann', 'secret']],
] as const) {
  start(`authtest that ${call} loads neither cryptography nor the libraries of other account sources`, async () => {
    await using at = await scratch()
    await writeFile(at.path('userdb'), 'ann\tuid=5|gid=5|home=/srv/ann|systempw=$1$cSyAdiET$/R0MUFXTEEgv/YMGfo28F0\n', {mode: 0o600})
    await makeUserdb({source: at.path('userdb'), generation: '0'.repeat(32), tryLock: loadTryLock(), progress: () => undefined})
    const loaded = await loadedBy('authtest', words, {config: at.directory})
    assert.ok(loaded.some((each) => each.includes('lmdb')))
    const heavy = ['crypto', 'child_process', 'fs/promises', 'net', 'stream', 'tls', 'worker_threads', 'zlib', 'mysql2', 'pg', 'ldapts']
    assert.equal(
      loaded.filter((each) => heavy.some((name) => each === name || each.startsWith(`${name}/`))),
      [],
    )
  })
}

/** Accounts of anybody's, by a module that Node can only import. */
const CUSTOM = `
import {setTimeout} from 'node:timers/promises'
await setTimeout(1)
const account = {address: 'ann', uid: 5001, gid: 5001, home: '/srv/mail/ann', maildir: undefined, quota: undefined, fullName: undefined, options: undefined}
export default {
  name: 'authcustom',
  create: () => ({
    name: 'authcustom',
    check: async () => ({outcome: 'refused'}),
    find: async () => ({outcome: 'accepted', account}),
    health: async () => ({usable: true}),
    close: async () => {},
  }),
}`

start('what a tool seldom needs is loaded when it does: libraries of account sources, and modules of the administrator', async () => {
  await using at = await scratch()
  const [link, module] = [at.path('authtest'), at.path('custom.mjs')]
  await symlink(join(process.cwd(), 'bin', 'tool.cjs'), link)
  await writeFile(module, CUSTOM, {mode: 0o644})
  const ask = async (settings: string) => {
    await writeFile(at.path('authdaemonrc'), settings)
    return runProgram(process.execPath, [link, 'ann'], {env: {PATH: process.env.PATH ?? '', COURIER_CONFIG: at.directory}})
  }
  const custom = await ask(`authmodulelist="authcustom"\nAUTHCUSTOM_MODULE=${module}\n`)
  assert.match(custom.stdout, 'Home Directory: /srv/mail/ann', custom.stderr)
  assert.is(custom.stderr, '')
  for (const [name, settings] of [
    [
      'mysql',
      'MYSQL_SERVER 127.0.0.1\nMYSQL_PORT 1\nMYSQL_OPT 0\nMYSQL_USERNAME x\nMYSQL_PASSWORD x\nMYSQL_DATABASE x\nMYSQL_USER_TABLE x\nMYSQL_CRYPT_PWFIELD x\n',
    ],
    ['pgsql', 'PGSQL_CONNECTION host=127.0.0.1 port=1 dbname=x user=x\nPGSQL_USER_TABLE x\nPGSQL_CRYPT_PWFIELD x\n'],
    ['ldap', 'LDAP_URI ldap://127.0.0.1:1\nLDAP_BASEDN dc=example\n'],
  ]) {
    await writeFile(at.path(`auth${name}rc`), `${settings}##NAME: MARKER:0\n`, {mode: 0o600})
    assert.match((await ask(`authmodulelist="auth${name}"\n`)).stderr, /ECONNREFUSED/, name)
  }
})

start.when(isInstalled('/usr/bin/script'), 'the program script is not installed')(
  'a tool by its link asks for a password on a terminal, twice, and shows neither',
  async () => {
    await using at = await scratch()
    await symlink(join(process.cwd(), 'bin', 'tool.cjs'), at.path('userdbpw'))
    const child = spawn('script', ['-qfec', `${process.execPath} ${at.path('userdbpw')} -md5`, '/dev/null'], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: {...process.env, TERM: 'xterm'},
    })
    let output = ''
    const prompts = ['Password:', 'Reenter password:']
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text
      const [prompt = '\0'] = prompts
      if (!output.includes(prompt)) return
      prompts.shift()
      child.stdin.write('hidden-word\r')
    })
    const [code] = await once(child, 'exit')
    assert.is(code, 0, output)
    assert.equal(prompts, [])
    assert.match(output, /\$1\$[./A-Za-z0-9]{8}\$[./A-Za-z0-9]{22}/)
    assert.not.match(output, 'hidden-word')
  },
)

start.run()
