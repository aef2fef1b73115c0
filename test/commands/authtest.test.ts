import {mkdir, writeFile} from 'node:fs/promises'
import {createServer, type Server} from 'node:net'
import * as assert from 'uvu/assert'
import {authenumerateTool} from '../../src/services/authenumerate-tool.js'
import {authtestTool} from '../../src/services/authtest-tool.js'
import {scratch} from '../auth/support/scratch.js'
import {canMount, type PrivateCourier, privateCourier} from '../support/private-courier.js'
import type {ProgramResult} from '../support/run-program.js'
import {suite} from '../support/suite.js'
import {originalProgram, runTool, type ToolResult} from './support/run-tool.js'

const authtest = suite('authtest, authenumerate')
const comparable = canMount() && originalProgram('authtest') && originalProgram('authenumerate')
const WHY_NOT = 'the originals are not installed, or no namespace can be made'

const ACCOUNTS = `ann@corp.example\tuid=5001|gid=5001|home=/srv/mail/ann|mail=./Maildir|quota=5000000S|gecos=Ann Lee,room 3|systempw={SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=|options=sharedgroup=north
bob\tuid=5002|gid=5001|home=/srv/mail/bob|imappw={MD5RAW}5ebe2294ecd0e0f08eab7690d2a6ee69|systempw={SHA256}y2QIsM7Z0w3gXCoInmkPopoUYuC70F958Iaiil113o8=
5001=\tann@corp.example
broken\tuid=1
root\tuid=0|gid=0|home=/root|systempw={SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=
`
const ANN = `Authentication succeeded.

     Authenticated: ann@corp.example  (uid 5001, gid 5001)
    Home Directory: /srv/mail/ann
           Maildir: ./Maildir
             Quota: 5000000S
Encrypted Password: {SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=
Cleartext Password: secret
           Options: sharedgroup=north
`
const USAGE = 'Usage: authtest [-s service] userid [ password [ newpassword ] ]\n'
const REFUSED = {code: 1, out: '', err: 'Authentication FAILED: Operation not permitted\n'}

async function accounts(rc = 'authmodulelist="authuserdb"\nDEFAULTOPTIONS=""\n') {
  const at = await scratch()
  assert.equal(await at.userdb(ACCOUNTS), [])
  await writeFile(at.path('authdaemonrc'), rc)
  return at
}

authtest('checks accounts through the modules', async () => {
  await using at = await accounts()
  const run = (...args: string[]) => runTool(authtestTool, {args, config: at.directory})
  assert.equal(await run('ann@corp.example', 'secret'), {code: 0, out: ANN, err: ''})
  const looked = ANN.replace('secret', '(none)')
  assert.equal(await run('ann@corp.example'), {code: 0, out: looked, err: ''})
  assert.equal(await run('nosuch'), REFUSED)
  assert.equal(await run('ann@corp.example', 'bad'), REFUSED)
  assert.equal(await run('bob', 'secret'), REFUSED)
  assert.match((await run('-s', 'imap', 'bob', 'secret')).out, /Maildir: \(none\)\n/)
  assert.is((await run('-simap', '-', 'bob', 'secret')).code, 0)
  for (const args of [[], ['-x'], ['-s'], ['-s', 'imap'], ['--', 'x']]) assert.equal(await run(...args), {code: 1, out: '', err: USAGE})
  assert.is((await run('ann@corp.example', 'a\tb')).err, 'Authentication FAILED: Invalid argument\n')
  const root = await run('root', 'secret')
  assert.equal([root.code, root.out], [1, ''])
  assert.match(root.err, 'root gets no mail session')
})

authtest('lists accounts through the modules', async () => {
  await using at = await accounts('authmodulelist="authuserdb"\nDEFAULTOPTIONS="a=1"\n')
  const run = (...args: string[]) => runTool(authenumerateTool, {args, config: at.directory})
  assert.equal(await run('-o'), {
    code: 0,
    out: 'ann@corp.example\t5001\t5001\t/srv/mail/ann\t./Maildir\tsharedgroup=north,a=1\nbob\t5002\t5001\t/srv/mail/bob\t\ta=1\nroot\t0\t0\t/root\t\ta=1\n',
    err: '',
  })
  assert.match((await run()).out, 'bob\t5002\t5001\t/srv/mail/bob\t\n')
  assert.equal(await run('-so'), {code: 1, out: '', err: 'Usage: authenumerate [-s] [-o]\n'})
  await at.userdb('a\tuid=1|gid=1|home=/h|options=disableshared=1\nb\tuid=1|gid=1|home=/h|options=disableshared\n')
  assert.is((await run('-s')).out, 'b\t1\t1\t/h\t\n')
})

authtest('a source that is down is a temporary failure, with the reason', async () => {
  await using at = await accounts()
  await writeFile(at.path('userdb.lmdb'), 'damaged')
  const {code, err} = await runTool(authtestTool, {args: ['ann@corp.example', 'secret'], config: at.directory})
  assert.is(code, 1)
  assert.match(err, /^ERR: .*authuserdb[\s\S]*Authentication FAILED: Input\/output error\n$/)
  assert.is((await runTool(authenumerateTool, {args: [], config: at.directory})).code, 1)
})

/** A daemon that gives one answer to everybody. */
async function daemonAt(path: string, reply: string): Promise<AsyncDisposable> {
  const server: Server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.once('data', () => socket.end(reply, 'latin1'))
  })
  await new Promise<void>((resolve) => {
    server.listen(path, resolve)
  })
  return {[Symbol.asyncDispose]: () => new Promise((resolve) => void server.close(() => resolve()))}
}

const ATTRIBUTES = 'UID=1\nGID=2\nHOME=/h\nADDRESS=a\n'
const REPLIES: readonly (readonly [reply: string, ...args: string[]])[] = [
  [`${ATTRIBUTES}MAILDIR=M\nQUOTA=\nNAME=x,y\nPASSWD=p\nPASSWD2=q=r\nOPTIONS=o=1\n.\n`, 'a', 'secret'],
  [`${ATTRIBUTES}.\n`, 'a'],
  ['USERNAME=nobody\nGID=2\nHOME=/h\nADDRESS=j\xc3\xb6rg\n.\n', 'j\xc3\xb6rg'],
  ['FAIL\n', 'a'],
  ['FAIL\n', 'a', 'b'],
  ['FAIL\n', 'a', 'b', 'c'],
  ['OK\n', 'a', 'b', 'c'],
  [ATTRIBUTES, 'a'],
  ['', 'a', 'b'],
  ['FAIL\n', 'a', 'b\tc'],
  ['FAIL\n', '-s'],
  ['FAIL\n', '-s', 'imap'],
  ['FAIL\n', '-x'],
]

const text = (octets: string) => Buffer.from(octets, 'latin1').toString('utf8')
const asResult = ({code, stdout, stderr}: ProgramResult): ToolResult => ({code: code ?? -1, out: stdout, err: stderr})

async function compare(at: PrivateCourier, {program, tool, args}: {program: string; tool: typeof authtestTool; args: readonly string[]}) {
  const words = args.map(text)
  const theirs = asResult(await at.program(originalProgram(program) ?? '', words))
  const ours = await runTool(tool, {args: ['--socket', at.socket, ...words], config: at.etc})
  assert.equal({...ours, out: text(ours.out), err: text(ours.err)}, theirs, words.join(' '))
}

authtest.when(comparable, WHY_NOT)('authtest through a daemon: as the original', async () => {
  await using at = await privateCourier()
  for (const [reply, ...args] of REPLIES) {
    await using _daemon = await daemonAt(at.socket, reply)
    await compare(at, {program: 'authtest', tool: authtestTool, args})
  }
})

authtest.when(comparable, WHY_NOT)('authenumerate through a daemon: as the original', async () => {
  await using at = await privateCourier()
  const list = '# m\n\na\t1\t2\t/h\tM\to=1\nb\t1\t2\t/h\t\tdisableshared=1\nc\t1\t2\t/h\t\t\nd\t0\t0\t/h\t\t\n\n# n\n\nbad\n'
  for (const reply of [`${list}.\n`, list, '']) {
    await using _daemon = await daemonAt(at.socket, reply)
    for (const args of [[], ['-o'], ['-s'], ['-s', '-o'], ['-x'], ['-so']]) {
      if (reply !== `${list}.\n` && args.length < 2) continue
      await compare(at, {program: 'authenumerate', tool: authenumerateTool, args})
    }
  }
})

authtest('a daemon that is not there is told in the words of the original', async () => {
  await using at = await accounts()
  const run = (tool: typeof authtestTool, path: string, args: string[]) => runTool(tool, {args: ['--socket', at.path(path), ...args]})
  const missing = 'ERR: authdaemon: s_connect() failed: No such file or directory\n'
  assert.equal(await run(authtestTool, 'none', ['a']), {
    code: 1,
    out: '',
    err: `${missing}Authentication FAILED: No such file or directory\n`,
  })
  assert.equal(await run(authenumerateTool, 'none', []), {code: 1, out: '', err: missing})
  await mkdir(at.path('dir'))
  await writeFile(at.path('file'), '')
  assert.is(
    (await run(authtestTool, 'file', ['a'])).err,
    'ERR: authdaemon: s_connect() failed: Connection refused\nERR: [Hint: perhaps authdaemond is not running?]\nAuthentication FAILED: Connection refused\n',
  )
})

authtest('the setting of the configuration leads to the daemon', async () => {
  await using at = await scratch()
  await writeFile(at.path('authdaemonrc'), `AUTHDAEMON_SOCKET=${at.path('socket')}\n`)
  await using _daemon = await daemonAt(at.path('socket'), `${ATTRIBUTES}.\n`)
  assert.match(
    (await runTool(authtestTool, {args: ['a'], config: at.directory})).out,
    'Authenticated: a  \\(uid 1, gid 2\\)'.replaceAll('\\', ''),
  )
})

authtest.run()
