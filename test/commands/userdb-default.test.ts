/** The forms of userdb and makeuserdb that work on the default userdb, whose path is compiled into the originals. */
import {lstat, mkdir, readdir, readFile, stat, symlink, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import * as assert from 'uvu/assert'
import {makeuserdbTool} from '../../src/services/makeuserdb-tool.js'
import {startAuth} from '../../src/services/start-auth.js'
import type {Tool} from '../../src/services/tool.js'
import {userdbTool} from '../../src/services/userdb-tool.js'
import {userdbpwTool} from '../../src/services/userdbpw-tool.js'
import {readGdbm} from '../../src/support/gdbm-reader.js'
import {cramResponse} from '../auth/support/sasl-client.js'
import {CHANNEL, challengeOf} from '../auth/support/sasl-role.js'
import {recordingLog, scratch} from '../auth/support/scratch.js'
import {canMount, privateCourier} from '../support/private-courier.js'
import {suite} from '../support/suite.js'
import {originalProgram, runTool} from './support/run-tool.js'

const forms = suite('userdb and makeuserdb on the default userdb')
const comparable = canMount() && originalProgram('userdb') && originalProgram('makeuserdb')
const WHY_NOT = 'the originals are not installed, or no namespace can be made'

type Step = readonly [program: 'userdb' | 'makeuserdb', args: readonly string[], input?: string]

interface Scene {
  readonly title: string
  readonly prepare?: (etc: string) => Promise<unknown>
  readonly steps: readonly Step[]
}

const ANN = 'ann@corp.example\tuid=5001|gid=5001|home=/srv/mail/ann|systempw=h\n'

const SCENES: readonly Scene[] = [
  {
    title: 'a file',
    steps: [
      ['userdb', ['ann', 'set', 'uid=1', 'gid=1', 'home=/h']],
      ['userdb', ['ann', 'set', 'systempw'], 'HASH\n'],
      ['userdb', ['-show']],
      ['userdb', ['-show', 'bob']],
      ['makeuserdb', []],
      ['userdb', ['bob', 'del']],
      ['userdb', ['sales/ann', 'set', 'x=1']],
    ],
  },
  {
    title: 'a directory',
    prepare: (etc) => mkdir(join(etc, 'userdb'), {mode: 0o700}),
    steps: [
      ['userdb', ['sales/ann@corp.example', 'set', 'uid=1', 'gid=1', 'home=/a']],
      ['userdb', ['sales/bob', 'set', 'systempw'], 'one\n'],
      ['userdb', ['-show', 'sales/ann@corp.example', 'ignored']],
      ['userdb', ['-show', 'sales/']],
      ['userdb', ['-show', 'sales']],
      ['userdb', ['-show']],
      ['userdb', ['sales/bob', 'unset', 'nosuch']],
      ['userdb', ['no/such/name', 'set', 'x=1']],
      ['makeuserdb', []],
      ['makeuserdb', ['ignored']],
    ],
  },
  {
    title: 'a link',
    prepare: (etc) => symlink('other', join(etc, 'userdb')),
    steps: [
      ['userdb', ['ann', 'set', 'x=1']],
      ['userdb', ['-f', '/nonexistent/db', 'ann', 'set', 'x=1']],
      ['userdb', []],
    ],
  },
  {
    title: 'a tree of files',
    prepare: async (etc) => {
      await mkdir(join(etc, 'userdb', 'sub'), {recursive: true, mode: 0o700})
      await writeFile(join(etc, 'userdb', 'x.org'), 'a@x\tuid=1|xpw|pwx=1|my pw=2', {mode: 0o644})
      await writeFile(join(etc, 'userdb', 'sub', 'y.org'), `${ANN}k-only\n`)
      await writeFile(join(etc, 'userdb', '.hidden'), 'c\tuid=3\n')
    },
    steps: [
      ['makeuserdb', []],
      ['userdb', ['-show', 'sub/y.org/ann@corp.example']],
    ],
  },
  {
    title: 'nothing',
    steps: [
      ['makeuserdb', []],
      ['userdb', ['-show']],
      ['userdb', ['x', 'frob']],
      ['userdb', ['x']],
    ],
  },
]

async function gdbm(path: string): Promise<[string, string][]> {
  const found: [string, string][] = []
  if (await stat(path).catch(() => undefined))
    for await (const [key, value] of readGdbm(path)) found.push([key, value.split('|').sort().join('|')])
  return found.sort(([a], [b]) => (a < b ? -1 : 1))
}

/** All text files and real Courier's databases below a directory, with modes; fields in any order. */
async function contents(etc: string): Promise<string[]> {
  const found: string[] = []
  for (const name of (await readdir(etc, {recursive: true})).sort()) {
    const path = join(etc, name)
    const facts = await lstat(path)
    if (name.endsWith('.lmdb') || !facts.isFile()) continue
    const mode = (facts.mode & 0o777).toString(8)
    if (name.endsWith('.dat')) found.push(`${name} ${mode} ${JSON.stringify(await gdbm(path))}`)
    else
      found.push(
        `${name} ${mode} ${(await readFile(path, 'utf8'))
          .split('\n')
          .map((line) => line.split(/[|\t]/).sort().join('|'))
          .join('\n')}`,
      )
  }
  return found
}

/** An error's number is the original's errno; its messages may name its line. */
const shown = (etc: string, {code, out, err}: {code: number; out: string; err: string}) => {
  const plain = (text: string) => text.replaceAll(etc, '/etc/courier').replaceAll(/ at \S+ line \d+\.$/gm, '')
  return {fails: code !== 0, out: plain(out), err: plain(err)}
}

const TOOLS: Record<Step[0], Tool> = {userdb: userdbTool, makeuserdb: makeuserdbTool}

for (const {title, prepare, steps} of SCENES) {
  forms.when(comparable, WHY_NOT)(`${title}: as the originals`, async () => {
    await using theirs = await privateCourier()
    await using ours = await scratch()
    await prepare?.(theirs.etc)
    await prepare?.(ours.directory)
    for (const [program, args, input = ''] of steps) {
      const path = originalProgram(program) ?? ''
      const {code, stdout, stderr} = await theirs.program(path, args, {input})
      const words = program === 'makeuserdb' ? ['--gdbm', ...args] : args
      const result = await runTool(TOOLS[program], {args: words, input, config: ours.directory})
      const expected = shown('/etc/courier', {code: code ?? -1, out: stdout.replaceAll(path, 'PROG'), err: stderr.replaceAll(path, 'PROG')})
      assert.equal(shown(ours.directory, result), expected, `${program} ${args.join(' ')}`)
    }
    assert.equal(await contents(ours.directory), await contents(theirs.etc))
  })
}

forms('the recipe of the manual: userdbpw -hmac-md5 | userdb USER set hmac-md5pw, then makeuserdb', async () => {
  await using at = await scratch()
  const config = at.directory
  await runTool(userdbTool, {args: ['ann', 'set', 'uid=5', 'gid=5', 'home=/h'], config})
  const context = await runTool(userdbpwTool, {args: ['-hmac-md5'], input: 'secret\n'})
  assert.equal(await runTool(userdbTool, {args: ['ann', 'set', 'hmac-md5pw'], input: context.out, config}), {code: 0, out: '', err: ''})
  assert.equal(await runTool(makeuserdbTool, {args: [], config}), {code: 0, out: '', err: ''})
  const settings = {directory: config, modules: ['authuserdb'], defaultOptions: '', defaultMaildir: './Maildir'}
  const auth = startAuth({...settings, defaultDomain: {domain: '', separators: undefined}}, recordingLog())
  try {
    const start = {service: 'imap', mechanism: 'CRAM-MD5', initial: undefined, remote: '::1', channel: CHANNEL}
    const {challenge, answer} = challengeOf(await auth.begin(start))
    const checked = await answer(cramResponse('md5', 'ann', {password: 'secret', challenge}))
    assert.is(checked.kind === 'checked' && checked.result.outcome, 'accepted')
  } finally {
    await auth.close()
  }
})

forms.run()
