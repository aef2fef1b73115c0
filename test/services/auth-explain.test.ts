import {appendFile, chmod, mkdir, utimes, writeFile} from 'node:fs/promises'
import * as assert from 'uvu/assert'
import {hashScheme} from '../../src/auth/hash/hash-scheme.js'
import {Secret} from '../../src/log/secret.js'
import {addAppPassword} from '../../src/services/app-passwords.js'
import {explanationText, runExplain} from '../../src/services/auth-explain/run-explain.js'
import {scratch} from '../auth/support/scratch.js'
import {runProgram} from '../support/run-program.js'
import {suite} from '../support/suite.js'

const explain = suite('auth explain')
const HASH = '{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ='

async function place(userdb: string, rc = 'authmodulelist="authnosuch authuserdb"\n') {
  const at = await scratch()
  await writeFile(at.path('authdaemonrc'), rc)
  const home = at.path('ann')
  for (const name of ['cur', 'new', 'tmp']) await mkdir(`${home}/Maildir/${name}`, {recursive: true})
  assert.equal(await at.userdb(userdb.replaceAll('HOME', home)), [])
  const run = (user: string, more: {readonly password?: Secret; readonly service?: string} = {}) =>
    runExplain({user, service: 'imap', password: undefined, config: at.directory, state: at.path('state'), env: {}, ...more})
  return {...at, home, run}
}

const [uid, gid] = [4901, 4902]
const ANN = `ann\tuid=${uid}|gid=${gid}|home=HOME|systempw=${HASH}|hmac-md5pw=abcdef|options=disablepop3=1\n`

explain('an account that can log in, and what is stored for it, without secrets', async () => {
  await using at = await place(ANN)
  for (const path of ['', '/Maildir', '/Maildir/cur', '/Maildir/new', '/Maildir/tmp']) await chmod(at.home + path, 0o777)
  await chmod(at.directory, 0o755)
  await addAppPassword(at.path('state'), {account: 'ann', name: 'phone', services: [], expires: undefined})
  const found = await at.run('ann', {password: new Secret('secret')})
  assert.is(found.verdict, 'Login with the right password succeeds; but: pop3 is disabled')
  assert.ok(found.succeeds)
  const text = explanationText(found)
  for (const part of [
    'authnosuch',
    'uid 4901',
    '1: "phone"',
    'stored as {SHA}',
    'further secrets: hmac-md5pw',
    'accepted',
    'disablepop3=1',
    ' ms)',
  ]) {
    assert.match(text, part)
  }
  assert.not.match(text + JSON.stringify(found), /5en6G6|abcdef|secret"/)
})

for (const [title, userdb, user, verdict] of [
  ['nobody', ANN, 'eve', 'no account source knows the name'],
  ['root', 'r\tuid=0|gid=0|home=/root\n', 'r', 'no session may run as this account'],
  ['no home', 'n\tuid=5|gid=5|home=/nonexistent\n', 'n', 'see the problems'],
  ['a Maildir that is not writable', ANN, 'ann', 'see the problems'],
  ['the service off, and no Maildir', ANN.replace('disablepop3=1', 'disableimap'), 'ann', 'told that imap is disabled'],
] as const) {
  explain(`${title}: ${verdict}`, async () => {
    await using at = await place(userdb)
    const found = await at.run(user)
    assert.not.ok(found.succeeds)
    assert.match(found.verdict, verdict)
  })
}

explain('text that has not been compiled is told', async () => {
  await using at = await place(ANN)
  await appendFile(at.path('userdb'), 'eve\tuid=7|gid=7|home=/\n')
  const later = new Date(Date.now() + 5000)
  await utimes(at.path('userdb'), later, later)
  const {steps} = await at.run('eve')
  assert.ok(steps.some(({step, outcome, text}) => step === 'accounts' && outcome === 'warning' && text.includes('courier makeuserdb')))
})

explain('a source that is down is told as that', async () => {
  await using at = await place(ANN)
  await writeFile(at.path('userdb.lmdb'), 'damaged')
  const found = await at.run('ann')
  assert.match(found.verdict, 'temporary failure')
  assert.ok(found.steps.some(({step, outcome}) => step === 'authuserdb' && outcome === 'problem'))
})

explain('schemes by their form', () => {
  for (const [stored, name] of [
    [HASH, '{SHA}'],
    ['{crypt}$6$x$y', 'SHA-512-crypt'],
    ['$y$j9T$x$y', 'yescrypt'],
    ['abNANd1rDfiNc', 'DES'],
    ['!', 'locked'],
    ['', 'locked'],
    ['secret', 'unknown'],
  ] as const) {
    assert.is(hashScheme(stored).name, name)
  }
})

explain('the command prints it, or JSON', async () => {
  await using at = await place(ANN)
  const run = (...args: string[]) =>
    runProgram(process.execPath, ['bin/run.js', 'auth', 'explain', 'ann', '--config', at.directory, '--state', at.path('state'), ...args], {
      input: 'wrong-MARKER\n',
    })
  const text = await run('--password')
  assert.is(text.code, 1)
  assert.match(text.stdout, /^ann, service imap\n/)
  assert.match(text.stdout, 'password  ')
  assert.not.match(text.stdout + text.stderr, 'MARKER')
  const json = JSON.parse((await run('--json')).stdout)
  assert.is(json.name, 'ann')
})

explain.run()
