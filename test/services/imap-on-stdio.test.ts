/** `imapd MAILDIR`: a session on standard input and output. */
import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {mkdirSync, symlinkSync, writeFileSync} from 'node:fs'
import {type AddressInfo, createServer, type Socket} from 'node:net'
import {userInfo} from 'node:os'
import {join, resolve} from 'node:path'
import * as assert from 'uvu/assert'
import {type ProgramResult, runProgram} from '../support/run-program.js'
import {suite} from '../support/suite.js'
import {temporaryDirectory} from '../support/temporary-directory.js'

const stdio = suite('IMAP on standard input', {limitMs: 20_000})

/** A home directory with a Maildir of one message, and the tool in it. */
class Home implements Disposable {
  readonly #directory = temporaryDirectory()
  readonly path = this.#directory.path
  readonly tool = join(this.path, 'imapd')

  constructor() {
    for (const name of ['cur', 'new', 'tmp']) mkdirSync(join(this.path, 'Maildir', name), {recursive: true})
    writeFileSync(join(this.path, 'Maildir/cur/1700000000.M1P1.x:2,S'), 'Subject: hello\n\ntext\n')
    mkdirSync(join(this.path, 'etc'))
    writeFileSync(join(this.path, 'etc/imapd'), 'IMAP_KEYWORDS=1\n')
    symlinkSync(resolve('bin/tool.cjs'), this.tool)
  }

  environment(more: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
    return {...process.env, COURIER_CONFIG: join(this.path, 'etc'), COURIER_CACHE: join(this.path, 'cache'), ...more}
  }

  run(
    input: string,
    {env = {}, words = ['Maildir']}: {readonly env?: NodeJS.ProcessEnv; readonly words?: string[]} = {},
  ): Promise<ProgramResult> {
    return runProgram(process.execPath, [this.tool, ...words], {env: this.environment(env), cwd: this.path, input})
  }

  [Symbol.dispose](): void {
    this.#directory[Symbol.dispose]()
  }
}

stdio('the session is logged in as the user who runs it, and logged as Courier does', async () => {
  using home = new Home()
  const {code, stdout, stderr} = await home.run('a SELECT INBOX\r\nb FETCH 1 BODY.PEEK[TEXT]\r\nc LOGOUT\r\n')
  const lines = stdout.split('\r\n')
  assert.is(lines[0], '* PREAUTH Ready.')
  assert.ok(lines.includes('* 1 EXISTS'))
  assert.ok(stdout.includes('* 1 FETCH (BODY[TEXT] {6}\r\ntext\r\n)'), stdout)
  assert.equal(lines.slice(-3), ['* BYE Courier-IMAP server shutting down', 'c OK LOGOUT completed', ''])
  const {username} = userInfo()
  assert.match(
    stderr,
    new RegExp(`^INFO: LOGIN, user=${username}, ip=\\[127\\.0\\.0\\.1\\], port=\\[0\\], protocol=IMAP\nINFO: LOGOUT, user=${username},`),
  )
  assert.is(code, 0)
})

stdio('who has done the login says for whom and how it is answered', async () => {
  using home = new Home()
  const env = {IMAPLOGINTAG: 'zz', AUTHENTICATED: 'bob', TCPREMOTEIP: '::ffff:192.0.2.9', TCPREMOTEPORT: '999'}
  const {stdout, stderr} = await home.run('a LOGOUT\r\n', {env})
  assert.match(stdout, /^zz OK LOGIN Ok\.\r\n/)
  assert.match(stderr, /^INFO: LOGIN, user=bob, ip=\[::ffff:192\.0\.2\.9\], port=\[999\], protocol=IMAP\n/)
  const nobody = await home.run('', {env: {...env, AUTHENTICATED: ''}})
  assert.is(nobody.stdout, '* BYE AUTHENTICATED environment variable not set.\r\n')
  const disabled = await home.run('', {env: {...env, OPTIONS: 'disableimap=1'}})
  assert.is(disabled.stdout, 'zz OK LOGIN Ok.\r\n* BYE IMAP access disabled for this account.\r\n')
})

stdio('MAILDIR names the Maildir; without one it says how it is called; another place is no Maildir', async () => {
  using home = new Home()
  assert.match((await home.run('a LOGOUT\r\n', {words: [], env: {MAILDIR: './Maildir'}})).stdout, /^\* PREAUTH Ready\.\r\n/)
  assert.equal(await home.run('', {words: []}), {
    code: 1,
    stdout: '',
    stderr: 'Usage: imapd [--config DIR] start|stop|restart|status|MAILDIR\n',
  })
  assert.match((await home.run('', {words: ['./none']})).stdout, /^\* BYE \[ALERT\] .*No such file or directory\r\n$/)
})

stdio('a configuration that cannot be understood ends it with a line', async () => {
  using home = new Home()
  writeFileSync(join(home.path, 'etc/imapd'), 'MAXDAEMONS="many"\n')
  const {code, stdout} = await home.run('a LOGOUT\r\n')
  assert.match(stdout, /^\* BYE .*imapd:1.*\r\n$/)
  assert.is(code, 1)
})

stdio('the end of the input and a signal end it', async () => {
  using home = new Home()
  assert.is((await home.run('a NOOP\r\n')).code, 0)
  const child = spawn(process.execPath, [home.tool, 'Maildir'], {
    cwd: home.path,
    env: home.environment({}),
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString('latin1')
  })
  await once(child.stdout, 'data')
  child.kill('SIGTERM')
  const [code] = await once(child, 'close')
  assert.is(code, 0)
  assert.match(output, /^\* PREAUTH Ready\.\r\n\* BYE .*shut down by signal\.\r\n$/)
})

stdio('a socket, as inetd gives it, is both', async () => {
  using home = new Home()
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const {port} = server.address() as AddressInfo
  const program = spawn(
    'bash',
    ['-c', 'exec 0<>/dev/tcp/127.0.0.1/$PORT 1>&0; exec "$@"', 'bash', process.execPath, home.tool, 'Maildir'],
    {
      cwd: home.path,
      env: home.environment({PORT: String(port)}),
      stdio: 'ignore',
    },
  )
  const [socket] = (await once(server, 'connection')) as [Socket]
  server.close()
  let output = ''
  socket.on('data', (chunk: Buffer) => {
    output += chunk.toString('latin1')
  })
  socket.write('a LOGOUT\r\n')
  await once(program, 'close')
  socket.destroy()
  assert.match(output, /^\* PREAUTH Ready\.\r\n\* BYE .*\r\na OK LOGOUT completed\r\n$/)
})

stdio.run()
