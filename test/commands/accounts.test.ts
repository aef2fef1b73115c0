import {spawn} from 'node:child_process'
import {readFile} from 'node:fs/promises'
import * as assert from 'uvu/assert'
import {Secret} from '../../src/log/secret.js'
import {startAuth} from '../../src/services/start-auth.js'
import {recordingLog, scratch} from '../auth/support/scratch.js'
import {suite} from '../support/suite.js'

const accounts = suite('Commands for accounts')

/** Runs `courier …` as a process of its own. */
function courier(config: string, args: readonly string[], input = ''): Promise<{code: number | null; out: string; err: string}> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['bin/run.js', ...args], {stdio: 'pipe', env: {...process.env, COURIER_CONFIG: config}})
    let [out, err] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      err += text
    })
    child.stdin.on('error', () => undefined)
    child.stdin.end(input)
    child.on('error', reject)
    child.on('close', (code) => resolve({code, out, err}))
  })
}

accounts('an account made by the commands can log in to a server that runs already', async () => {
  await using at = await scratch()
  const settings = {
    modules: ['authuserdb'],
    defaultOptions: '',
    defaultMaildir: './Maildir',
    defaultDomain: {domain: '', separators: undefined},
  }
  const auth = startAuth({directory: at.directory, ...settings}, recordingLog())
  const logIn = async () => (await auth.check({service: 'imap', user: 'jörg', password: new Secret('secret'), remote: '192.0.2.1'})).outcome
  try {
    assert.is(await logIn(), 'refused')
    const quiet = {code: 0, out: '', err: ''}
    assert.equal(await courier(at.directory, ['userdb', 'set', 'jörg', 'uid=5', 'gid=5', 'home=/srv/jörg']), quiet)
    const hash = await courier(at.directory, ['userdbpw', '-sha512'], 'secret\n')
    assert.match(hash.out, /^\$6\$/)
    assert.equal(await courier(at.directory, ['userdb', 'jörg', 'set', 'systempw'], hash.out), quiet)
    assert.is(await logIn(), 'refused')
    assert.equal(await courier(at.directory, ['makeuserdb']), quiet)
    assert.is(await logIn(), 'accepted')
  } finally {
    await auth.close()
  }
  assert.match(await readFile(at.path('userdb'), 'utf8'), 'jörg\tuid=5|gid=5|home=/srv/jörg|systempw=$6$')
})

accounts('the original forms reach the tools, and help has examples', async () => {
  await using at = await scratch()
  const usage = await courier(at.directory, ['userdb'])
  assert.is(usage.code, 1)
  assert.match(usage.out, /^Usage: courier userdb \[path/)
  await courier(at.directory, ['userdb', 'ann', 'set', 'uid=5'])
  assert.equal(await courier(at.directory, ['userdb', '-show', '-f', at.path('userdb'), 'ann']), {code: 0, out: 'uid=5\n', err: ''})
  assert.equal(await courier(at.directory, ['userdbpw', '-noverify']), {code: 1, out: '', err: 'courier userdbpw: invalid argument.\n'})
  assert.match((await courier(at.directory, ['userdb', '--help'])).out, 'EXAMPLES')
})

accounts.run()
