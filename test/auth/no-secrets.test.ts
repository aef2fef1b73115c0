/** No password appears where it must not: every path is walked with a marker as the password, and all output is searched. */
import {chown, readdir, readFile, rm, writeFile} from 'node:fs/promises'
import {connect} from 'node:net'
import {Readable} from 'node:stream'
import {inspect} from 'node:util'
import * as assert from 'uvu/assert'
import {credentialsOf} from '../../src/auth/credentials.js'
import {authuserdb} from '../../src/auth/modules/authuserdb.js'
import type {ModuleType} from '../../src/auth/modules/module.js'
import {createLog} from '../../src/log/create-log.js'
import {Secret} from '../../src/log/secret.js'
import {addAppPassword, appPasswordTable, listAppPasswords} from '../../src/services/app-passwords.js'
import {runExplain} from '../../src/services/auth-explain/run-explain.js'
import {authenumerateTool} from '../../src/services/authenumerate-tool.js'
import {authpasswdTool} from '../../src/services/authpasswd-tool.js'
import {authtestTool} from '../../src/services/authtest-tool.js'
import {makeuserdbTool} from '../../src/services/makeuserdb-tool.js'
import {startAuth} from '../../src/services/start-auth.js'
import type {Tool} from '../../src/services/tool.js'
import {readExchange} from '../../src/services/userdb-exchange.js'
import {userdbTool} from '../../src/services/userdb-tool.js'
import {userdbpwTool} from '../../src/services/userdbpw-tool.js'
import {runTool} from '../commands/support/run-tool.js'
import {runProgram} from '../support/run-program.js'
import {freePorts, startCourier} from '../support/server-process.js'
import {suite} from '../support/suite.js'
import {assertClean, MARKER, processTable, walkWithMarker} from './support/marker.js'
import {scratch} from './support/scratch.js'

const secrets = suite('No secrets in output')

async function place() {
  const at = await scratch()
  const hash = (await runTool(userdbpwTool, {args: ['-md5'], input: MARKER})).out.trim()
  const context = (await runTool(userdbpwTool, {args: ['-hmac-md5'], input: MARKER})).out.trim()
  const text = `ann\tuid=65534|gid=65534|home=${at.directory}|systempw=${hash}|hmac-md5pw=${context}\nroot\tuid=0|gid=0|home=/|systempw=${hash}\nodd\tuid=5|gid=5|home=x|systempw=${hash}\n`
  assert.equal(await at.userdb(text), [])
  await writeFile(at.path('authdaemonrc'), `authmodulelist="authuserdb"\nDEBUG_LOGIN=2\nauthdaemonvar=${at.path('run')}\n`)
  return at
}

secrets('tools print hashes, never what they were given', async () => {
  await using at = await place()
  const calls: readonly (readonly [tool: Tool, args: string[], input: string])[] = [
    ...['', '-md5', '-sha256', '-sha512', '-yescrypt', '-hmac-md5', '-hmac-sha1', '-hmac-sha256', '-scram-sha-256', '-bogus'].map(
      (option) => [userdbpwTool, option === '' ? [] : [option], MARKER] as const,
    ),
    ...['', 'md5', 'md5raw', 'sha', 'ssha', 'sha256', 'sha512'].map(
      (method) => [authpasswdTool, method === '' ? [] : [method], MARKER] as const,
    ),
    [userdbTool, ['-f', at.path('other'), 'ann', 'set', 'systempw'], `${MARKER}|x\n`],
    [userdbTool, ['-f', at.path('other'), 'ann', 'set', `systempw=${MARKER}|`], ''],
    [userdbTool, ['-f', at.path('other'), '-'], `ann set 'systempw=${MARKER}\n`],
    [userdbTool, ['-f', at.path('other'), '-'], `ann set systempw=${MARKER}|\n`],
    [userdbTool, ['-f', at.path('other'), '-'], `ann ${MARKER} x\n`],
    [authtestTool, ['nobody', MARKER], ''],
    [authtestTool, ['root', MARKER], ''],
    [authtestTool, ['ann', `${MARKER}\n`], ''],
    [authtestTool, ['ann', `${MARKER}x`, 'y'], ''],
    [authtestTool, ['ann', 'wrong', MARKER], ''],
    [authtestTool, ['--socket', at.path('none'), 'ann', MARKER], ''],
    [authenumerateTool, ['-o'], ''],
  ]
  for (const [tool, args, input] of calls) {
    const {out, err} = await runTool(tool, {args, input, config: at.directory})
    assertClean(out + err, args.join(' '))
  }
  const shown = (await runTool(authtestTool, {args: ['ann', MARKER], config: at.directory})).out
  assertClean(shown.replace(`Cleartext Password: ${MARKER}\n`, ''), 'authtest, but for the line that is for it,')
})

secrets('a text that cannot be compiled or read is told without its passwords', async () => {
  await using at = await place()
  for (const line of [`a\tsystempw=${MARKER}\na\tsystempw=${MARKER}`, `${'n'.repeat(2000)}\tsystempw=${MARKER}`]) {
    await writeFile(at.path('bad'), line, {mode: 0o600})
    const {code, out, err} = await runTool(makeuserdbTool, {args: ['-f', at.path('bad')]})
    assert.is(code, 1)
    assertClean(out + err, 'makeuserdb')
  }
  for (const [format, text] of [
    ['json', `[{"name":"a","fields":{"systempw":"${MARKER}"`],
    ['json', `[{"name":"a","fields":{"systempw":"${MARKER}|"}}]`],
    ['csv', `name,systempw\na,"${MARKER}`],
    ['csv', `name,systempw\na,${MARKER},${MARKER}\n`],
    ['csv', `name,systempw\na,${MARKER}|\n`],
  ] as const) {
    const error: unknown = await readExchange('-', format, Readable.from([Buffer.from(text)])).catch((thrown: unknown) => thrown)
    assert.instance(error, Error)
    assertClean(inspect(error), 'what is wrong with a file')
  }
  const {code, stdout, stderr} = await runProgram(process.execPath, ['bin/run.js', 'userdb', 'apply', '-', '--format', 'csv', '--diff'], {
    input: `name,systempw\na,${MARKER}\n`,
    env: {COURIER_CONFIG: at.directory},
  })
  assert.is(code, 0)
  assertClean(stdout + stderr, 'userdb apply --diff')
})

secrets('checks of all outcomes log, throw and answer without it', async () => {
  await using at = await place()
  let output = ''
  const write = (lines: string) => {
    output += lines
  }
  for (const format of ['text', 'json'] as const) {
    const log = createLog({format, write, now: () => new Date(), debug: true})
    const settings = {
      directory: at.directory,
      modules: ['authuserdb', 'authpwd', 'authnosuch'],
      defaultOptions: '',
      defaultMaildir: './Maildir',
      defaultDomain: {domain: '', separators: undefined},
      stateDirectory: at.path('state'),
    }
    const auth = startAuth(settings, log)
    const check = async (user: string) => {
      const request = {service: 'imap', user, password: new Secret(MARKER), remote: '192.0.2.1'}
      write(inspect(request) + JSON.stringify(request) + String(request.password))
      const result = await auth.check(request).catch((error: unknown) => error)
      write(inspect(result, {depth: 9}) + JSON.stringify(result))
      const found = await auth.modules.check(request).catch((error: unknown) => error)
      write(inspect(found, {depth: 9}) + JSON.stringify(found))
      const change = {service: 'imap', user, oldPassword: new Secret('x'), newPassword: new Secret(MARKER), remote: ''}
      write(inspect(await auth.modules.changePassword(change).catch((error: unknown) => error), {depth: 9}))
    }
    for (const user of ['ann', 'root', 'odd', 'nobody', 'none']) await check(user)
    write(
      inspect(
        await runExplain({
          user: 'ann',
          service: 'imap',
          password: new Secret(MARKER),
          config: at.directory,
          state: at.path('state'),
          env: {},
        }),
      ),
    )
    for (const file of ['userdbshadow.lmdb', 'userdb.lmdb']) {
      const whole = await readFile(at.path(file))
      await rm(at.path(file))
      await writeFile(at.path(file), whole.subarray(0, 3000))
      await check('ann')
      await writeFile(at.path(file), whole)
    }
    await auth.close()
  }
  write(inspect(credentialsOf(Buffer.from('ann'), Buffer.from(MARKER)), {depth: 9}))
  assert.ok(output.length > 2000)
  assertClean(output, 'a log or an answer')
})

secrets('userdb, whole, torn and gone', async () => {
  await using at = await place()
  const files = ['userdbshadow.lmdb', 'userdb.lmdb']
  const whole = await Promise.all(files.map((file) => readFile(at.path(file))))
  const type: ModuleType = {name: 'authuserdb', create: (context) => authuserdb.create({...context, directory: at.directory})}
  const replace = async (contents: readonly Buffer[]) => {
    for (const [index, file] of files.entries()) {
      await rm(at.path(file))
      await writeFile(at.path(file), contents[index] ?? '')
    }
  }
  await walkWithMarker({
    type,
    user: 'ann',
    states: [{name: 'its files are torn', enter: () => replace(whole.map((file) => file.subarray(0, 3000))), leave: () => replace(whole)}],
  })
  await walkWithMarker({type, user: 'ann', changes: true})
})

secrets('app passwords are printed once and stored nowhere', async () => {
  await using at = await place()
  const state = at.path('state')
  const request = {account: 'ann', name: 'phone', services: [], expires: undefined}
  const typed = await addAppPassword(state, request)
  const list = await listAppPasswords(state, undefined)
  let output =
    inspect(await addAppPassword(state, request).catch((error: unknown) => error)) + JSON.stringify(list) + appPasswordTable(list)
  for (const file of await readdir(at.path('state'))) output += await readFile(at.path('state', file), 'latin1')
  for (const form of [typed, typed.replaceAll('-', '')]) assert.not.ok(output.includes(form))
})

/** Sends lines one after the other, each after the answer to the one before; gives what came back. */
function dialogue(port: number, lines: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    const waiting = [...lines]
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
      const line = waiting.shift()
      if (line === undefined) socket.end()
      else socket.write(`${line}\r\n`)
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(text))
  })
}

secrets('the server logs no login with it, whatever the outcome', async () => {
  await using at = await place()
  await writeFile(at.path('imapd'), 'IMAPDSTART=YES\n')
  await writeFile(at.path('imapd-ssl'), 'IMAPDSTARTTLS=NO\n')
  const isRoot = process.geteuid?.() === 0
  if (isRoot) for (const name of ['.', ...(await readdir(at.directory))]) await chown(at.path(name), 65_534, 65_534)
  const [port = 0] = await freePorts(1)
  const args = ['serve', 'imap', '--config', at.directory, '--port', `127.0.0.1.${port}`, '--debug']
  await using server = startCourier([...args, ...(isRoot ? ['--user', 'nobody'] : [])])
  assert.ok(await server.until('listening'), server.errors())
  const plain = Buffer.from(`\0nobody\0${MARKER}`).toString('base64')
  const answers = await Promise.all(
    [
      [`1 LOGIN ann ${MARKER}`, '2 LOGOUT'],
      [`1 LOGIN nobody ${MARKER}`],
      [`1 LOGIN odd "${MARKER}"`],
      [`1 LOGIN ann "${MARKER}`, `2 LOGIN ann ${MARKER} ${MARKER}`, `${MARKER} ${MARKER}`],
      [`1 LOGIN ann {${MARKER.length}}`, MARKER],
      [`1 AUTHENTICATE PLAIN ${plain}`],
      ['1 AUTHENTICATE PLAIN', `${plain}!`],
      ['1 AUTHENTICATE LOGIN', Buffer.from('ann').toString('base64'), Buffer.from(MARKER).toString('base64')],
    ].map((lines) => dialogue(port, lines)),
  )
  assert.match(answers[1] ?? '', '1 NO')
  assertClean(processTable(), 'a command line or environment')
  server.child.kill('SIGTERM')
  await server.ended()
  assert.match(server.errors(), 'LOGIN FAILED')
  assertClean(server.output() + server.errors(), 'the log of the server')
  assertClean(answers.map((answer) => answer.replace(`${MARKER} BAD`, 'TAG BAD')).join(''), 'an answer of the server')
})

secrets.run()
