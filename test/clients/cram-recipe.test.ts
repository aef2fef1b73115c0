import {resolve} from 'node:path'
import * as assert from 'uvu/assert'
import {runProgram} from '../support/run-program.js'
import {saslHost} from '../support/sasl-host.js'
import {suite} from '../support/suite.js'

const recipe = suite('The recipe for CRAM-MD5', {limitMs: 60_000})

const curl = (await runProgram('curl', ['--version'])).code === 0

recipe.when(curl, 'curl is not installed')(
  'userdbpw -hmac-md5 | userdb USER set hmac-md5pw, makeuserdb, login, as the README has it',
  async () => {
    await using host = await saslHost()
    const links = host.path('bin')
    const env = {COURIER_CONFIG: host.directory, PATH: `${links}:${process.env.PATH}`}
    const shell = async (line: string) => {
      const {code, stdout, stderr} = await runProgram('sh', ['-c', line], {env})
      assert.is(`${code} ${stdout}${stderr}`, '0 ', line)
    }
    const logIn = async (password: string) =>
      (await runProgram('curl', ['-sS', '-u', `tim:${password}`, '--login-options', 'AUTH=CRAM-MD5', `imap://localhost:${host.port}/`]))
        .code
    const made = await runProgram(process.execPath, [resolve('bin/run.js'), 'install-links', links])
    assert.is(made.code, 0, made.stderr)
    const account = process.getuid?.() === 0 ? 'uid=65534 gid=65534' : `uid=${process.getuid?.()} gid=${process.getgid?.()}`
    await shell(`userdb tim set home=${host.path('home')} ${account}`)
    await shell('echo tanstaaftanstaaf | userdbpw -hmac-md5 | userdb tim set hmac-md5pw')
    assert.is(await logIn('tanstaaftanstaaf'), 67, 'not before makeuserdb')
    await shell('makeuserdb')
    assert.is(await logIn('tanstaaftanstaaf'), 0)
    assert.is(await logIn('wrong'), 67)
    await shell('echo other | userdbpw -scram-sha-256 | userdb tim set scram-sha-256pw && makeuserdb')
    assert.is(await logIn('tanstaaftanstaaf'), 0, 'one kind of secret does not touch another')
  },
)

recipe.run()
