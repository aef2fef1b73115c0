import {randomBytes} from 'node:crypto'
import {readdir, readFile, stat, writeFile} from 'node:fs/promises'
import * as assert from 'uvu/assert'
import {type AppPassword, canonicalAppPassword, hashAppPassword, makeAppPassword} from '../../src/auth/app-passwords/app-password.js'
import {appPasswords} from '../../src/auth/app-passwords/module.js'
import {AppPasswordStore, useKey} from '../../src/auth/app-passwords/store.js'
import {loadTryLock} from '../../src/auth/native.js'
import {Secret} from '../../src/log/secret.js'
import {addAppPassword, appPasswordTable, listAppPasswords, removeAppPasswords} from '../../src/services/app-passwords.js'
import {startAuth} from '../../src/services/start-auth.js'
import {runProgram} from '../support/run-program.js'
import {suite} from '../support/suite.js'
import {recordingLog, scratch} from './support/scratch.js'

const apppw = suite('App passwords')

const ACCOUNTS = 'ann\tuid=5|gid=5|home=/h/ann|systempw={SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\nbob\tuid=6|gid=6|home=/h/bob\n'

async function started() {
  const at = await scratch()
  assert.equal(await at.userdb(ACCOUNTS), [])
  const state = at.path('state')
  const log = recordingLog()
  const auth = startAuth(
    {
      directory: at.directory,
      modules: ['authuserdb'],
      defaultOptions: '',
      defaultMaildir: './Maildir',
      defaultDomain: {domain: '@d', separators: undefined},
      stateDirectory: state,
    },
    log,
  )
  const logIn = async (user: string, password: string, service = 'imap') => {
    const result = await auth.check({service, user, password: new Secret(password), remote: '192.0.2.1'})
    return result.outcome === 'accepted' ? (await auth.redeem(result.ticket))?.name : result.outcome
  }
  return {
    ...at,
    state,
    auth,
    log,
    logIn,
    async [Symbol.asyncDispose]() {
      await auth.close()
      await at[Symbol.asyncDispose]()
    },
  }
}

const entry = {services: [], expires: undefined}

apppw('one lets in to its account only, with and without dashes, and not after it is revoked', async () => {
  await using at = await started()
  await at.userdb(ACCOUNTS.replaceAll(/^(ann|bob)/gm, '$1@d'))
  assert.is(await at.logIn('ann', 'secret'), 'ann@d')
  const password = await addAppPassword(at.state, {account: 'ann@d', name: 'phone', ...entry})
  assert.is(await at.logIn('ann', password), 'ann@d')
  assert.is(await at.logIn('ann@d', password.replaceAll('-', '').toUpperCase()), 'ann@d')
  assert.is(await at.logIn('ann', 'secret'), 'ann@d', 'its own password still works')
  assert.is(await at.logIn('bob', password), 'refused')
  assert.is(await at.logIn('ann', makeAppPassword(randomBytes)), 'refused')
  assert.is(await removeAppPasswords(at.state, 'ann@d', 'phone'), 1)
  assert.is(await at.logIn('ann', password), 'refused')
  assert.equal(at.log.lines, [])
})

apppw('an account without a password of its own can have one, one that is gone lets nobody in', async () => {
  await using at = await started()
  await at.userdb(ACCOUNTS.replaceAll(/^(ann|bob)/gm, '$1@d'))
  const bob = await addAppPassword(at.state, {account: 'bob@d', name: 'x', ...entry})
  const gone = await addAppPassword(at.state, {account: 'gone@d', name: 'x', ...entry})
  assert.is(await at.logIn('bob', bob), 'bob@d')
  assert.is(await at.logIn('gone', gone), 'refused')
})

apppw('services and the end limit it', async () => {
  await using at = await scratch()
  const store = new AppPasswordStore({directory: at.directory, tryLock: loadTryLock, random: randomBytes})
  const account = {
    address: 'ann',
    uid: 1,
    gid: 1,
    home: '/h',
    maildir: undefined,
    quota: undefined,
    fullName: undefined,
    options: undefined,
  }
  let now = 1000
  const module = appPasswords({store, find: async () => ({outcome: 'accepted', account}), log: recordingLog(), clock: () => now})
  const add = async (name: string, limits: Partial<AppPassword>) => {
    const typed = makeAppPassword(randomBytes)
    const hash = hashAppPassword(canonicalAppPassword(typed) ?? '')
    await store.add('ann', {name, hash, created: 0, ...entry, ...limits})
    return async (service: string) => (await module.check({service, user: 'ann', password: new Secret(typed), remote: '::1'})).outcome
  }
  const imapOnly = await add('a', {services: ['imap', 'imaps']})
  const short = await add('b', {expires: 2000})
  assert.equal([await imapOnly('imap'), await imapOnly('imaps'), await imapOnly('pop3')], ['accepted', 'accepted', 'refused'])
  assert.is(await short('pop3'), 'accepted')
  now = 2000
  assert.is(await short('pop3'), 'refused')
  await module.close()
})

apppw('the last use is written and listed', async () => {
  await using at = await started()
  await at.userdb(ACCOUNTS.replaceAll(/^(ann|bob)/gm, '$1@d'))
  const password = await addAppPassword(at.state, {account: 'ann@d', name: 'phone', services: ['imap'], expires: '90d'})
  await addAppPassword(at.state, {account: 'bob@d', name: 'Büro', services: [], expires: undefined})
  await at.logIn('ann', password)
  await at.auth.close()
  const list = await listAppPasswords(at.state, undefined)
  assert.equal(
    list.map(({account, name, lastUse}) => [account, name, lastUse?.service, lastUse?.remote]),
    [
      ['ann@d', 'phone', 'imap', '192.0.2.1'],
      ['bob@d', 'Büro', undefined, undefined],
    ],
  )
  assert.not.match(JSON.stringify(list), hashAppPassword(canonicalAppPassword(password) ?? ''))
  assert.match(appPasswordTable(list), /ann@d +phone +imap .* imap 192\.0\.2\.1\n/)
  await removeAppPasswords(at.state, 'ann@d', undefined)
  const store = new AppPasswordStore({directory: at.state, tryLock: loadTryLock, random: randomBytes})
  await store.recordUses(new Map([[useKey('nobody', 'x'), {time: 1, service: 'imap', remote: ''}]]))
  assert.is((await store.uses()).size, 0, 'uses of what is gone are forgotten')
  await store.close()
})

apppw('the file is private, and many changes at once are all there', async () => {
  await using at = await scratch()
  const names = Array.from({length: 10}, (_, index) => `n${index}`)
  await Promise.all(names.map((name) => addAppPassword(at.directory, {account: 'ann', name, ...entry})))
  assert.equal((await listAppPasswords(at.directory, 'ann')).map(({name}) => name).sort(), names)
  assert.equal((await readdir(at.directory)).sort(), ['apppw.lmdb', 'apppw.lmdb.lock'])
  assert.is((await stat(at.path('apppw.lmdb'))).mode & 0o777, 0o600)
})

apppw('what is damaged makes only such logins unavailable', async () => {
  await using at = await started()
  await at.userdb(ACCOUNTS.replaceAll(/^(ann|bob)/gm, '$1@d'))
  const password = await addAppPassword(at.state, {account: 'ann@d', name: 'x', ...entry})
  await writeFile(`${at.state}/apppw.lmdb`, (await readFile(`${at.state}/apppw.lmdb`)).subarray(0, 5000))
  assert.is(await at.logIn('ann', password), 'unavailable')
  assert.is(await at.logIn('ann', 'secret'), 'ann@d')
})

for (const [title, request] of [
  ['a name twice', {name: 'x'}],
  ['a name with a line feed', {name: 'a\nb'}],
  ['an empty name', {name: ''}],
  ['an account with no name', {account: ''}],
  ['a service that is none', {services: ['IM AP']}],
  ['a time that is none', {expires: 'soon'}],
  ['a time in the past', {expires: '2001-01-01'}],
] as const) {
  apppw(`${title} is refused`, async () => {
    await using at = await scratch()
    await addAppPassword(at.directory, {account: 'ann', name: 'x', ...entry})
    const error = await addAppPassword(at.directory, {account: 'ann', name: 'y', ...entry, ...request}).then(
      () => undefined,
      (thrown: Error) => thrown,
    )
    assert.is(error?.name, 'Fault')
  })
}

apppw('the commands', async () => {
  await using at = await scratch()
  const run = (...args: string[]) => runProgram(process.execPath, ['bin/run.js', 'apppw', ...args, '--state', at.directory])
  const added = await run('add', 'ann', 'phone')
  assert.match(added.stdout, /^([a-z2-9]{4}-){5}[a-z2-9]{4}\n$/)
  assert.match((await run('list')).stdout, /ann +phone +all/)
  assert.is((await run('rm', 'ann')).code, 2)
  assert.equal(await run('rm', 'ann', 'phone'), {code: 0, stdout: '', stderr: ''})
  assert.is((await run('rm', 'ann', 'phone')).code, 1)
  assert.equal(JSON.parse((await run('list', 'ann', '--json')).stdout), [])
})

apppw.run()
