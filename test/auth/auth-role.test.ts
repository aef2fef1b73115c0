import {createHash} from 'node:crypto'
import {chmod, copyFile, mkdir, open, readdir, rename, rm, stat, truncate, writeFile} from 'node:fs/promises'
import * as assert from 'uvu/assert'
import type {AuthRole} from '../../src/auth/auth-role.js'
import {credentialsOf} from '../../src/auth/credentials.js'
import {Secret} from '../../src/log/secret.js'
import {type AuthSettings, startAuth} from '../../src/services/start-auth.js'
import {suite} from '../support/suite.js'
import {compile, recordingLog, scratch} from './support/scratch.js'

const role = suite('Auth role')

const SHA_SECRET = '{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ='
const ACCOUNTS = `# test accounts
ann@corp.example\tuid=5001|gid=5001|home=/srv/mail/ann|mail=./Maildir|quota=5000000S|gecos=Ann Lee,room 3|systempw=${SHA_SECRET}|options=sharedgroup=north
bob\tuid=5002|gid=5001|home=/srv/mail/bob|imappw={MD5RAW}5ebe2294ecd0e0f08eab7690d2a6ee69|systempw={SHA256}y2QIsM7Z0w3gXCoInmkPopoUYuC70F958Iaiil113o8=
5001=\tann@corp.example
`

async function started(userdb: string | undefined, settings: Partial<AuthSettings> = {}) {
  const place = await scratch()
  if (userdb !== undefined) assert.equal(await place.userdb(userdb), [])
  const log = recordingLog()
  const auth = startAuth(
    {
      directory: place.directory,
      modules: ['authuserdb'],
      defaultOptions: '',
      defaultMaildir: './Maildir',
      defaultDomain: {domain: '', separators: undefined},
      ...settings,
    },
    log,
  )
  return {
    ...place,
    auth,
    log,
    async [Symbol.asyncDispose]() {
      await auth.close()
      await place[Symbol.asyncDispose]()
    },
  }
}

function check(auth: AuthRole, user: string, password: string, service = 'imap') {
  return auth.check({service, user, password: new Secret(password), remote: '192.0.2.1'})
}

async function outcome(auth: AuthRole, user: string, password: string, service = 'imap') {
  return (await check(auth, user, password, service)).outcome
}

async function accountOf(auth: AuthRole, user: string, password: string) {
  const result = await check(auth, user, password)
  return result.outcome === 'accepted' ? auth.redeem(result.ticket) : undefined
}

role('an accepted password gives a ticket, and the ticket the account, once', async () => {
  await using at = await started(ACCOUNTS)
  const result = await check(at.auth, 'ann@corp.example', 'secret')
  assert.is(result.outcome, 'accepted')
  const ticket = result.outcome === 'accepted' ? result.ticket : ''
  assert.match(ticket, /^[\w-]{22}$/)
  assert.equal(await at.auth.redeem(ticket), {
    name: 'ann@corp.example',
    uid: 5001,
    gid: 5001,
    home: '/srv/mail/ann',
    maildir: '/srv/mail/ann/Maildir',
    quota: '5000000S',
    fullName: 'Ann Lee',
    systemUser: undefined,
    options: new Map([['sharedgroup', 'north']]),
  })
  assert.is(await at.auth.redeem(ticket), undefined)
})

for (const [service, password, expected] of [
  ['imap', 'secret', 'accepted'],
  ['imap', 'pop-pw', 'refused'],
  ['pop3', 'secret', 'refused'],
  ['pop3', 'pop-pw', 'accepted'],
  ['imap', '', 'refused'],
] as const) {
  role(`the password "${password}" of bob for ${service} is ${expected}`, async () => {
    await using at = await started(ACCOUNTS)
    assert.is(await outcome(at.auth, 'bob', password, service), expected)
  })
}

role('unknown names, reverse entries and odd names are refused', async () => {
  await using at = await started(ACCOUNTS)
  for (const name of ['nosuch', '5001=', 'Bob', '', '\t', 'b'.repeat(5000), 'bob ', '../bob', 'jörg']) {
    assert.is(await outcome(at.auth, name, 'secret'), 'refused', name)
  }
})

role('a record without home, uid or gid is no account, one of root or with a relative home is refused with an error', async () => {
  const fields = 'uid=1|gid=1|home=/h'
  const lines = ['nouid\tgid=1|home=/h', 'nohome\tuid=1|gid=1', 'empty\tuid=1|gid=1|home=', 'bare']
  const bad = ['root\tuid=0|gid=1|home=/h', 'rootgroup\tuid=1|gid=0|home=/h', 'text\tuid=x|gid=1|home=/h', 'minus\tuid=-1|gid=1|home=/h']
  const all = [...lines, ...bad, 'relative\tuid=1|gid=1|home=h', `good\t${fields}`].map((line) => `${line}|systempw=${SHA_SECRET}\n`)
  await using at = await started(all.join(''))
  for (const name of ['nouid', 'nohome', 'empty', 'bare']) assert.is(await outcome(at.auth, name, 'secret'), 'refused', name)
  assert.equal(at.log.lines, [])
  for (const name of ['root', 'rootgroup', 'text', 'minus', 'relative']) assert.is(await outcome(at.auth, name, 'secret'), 'refused', name)
  assert.is(at.log.lines.length, 5)
  assert.is(await outcome(at.auth, 'good', 'secret'), 'accepted')
})

role('octets above 0x7F count as they are, in names and in passwords', async () => {
  const utf8 = Buffer.from('jörg').toString('latin1')
  const stored = `{SHA}${createHash('sha1')
    .update(Buffer.from([0xf6]))
    .digest('base64')}`
  await using at = await started(`${utf8}\tuid=1|gid=1|home=/h|gecos=${utf8}|systempw=${stored}\n`)
  const credentials = credentialsOf(Buffer.from('jörg'), Buffer.from([0xf6]))
  const result = credentials && (await at.auth.check({service: 'imap', remote: '192.0.2.1', ...credentials}))
  assert.is(result?.outcome, 'accepted')
  assert.is(result?.outcome === 'accepted' && (await at.auth.redeem(result.ticket))?.fullName, 'jörg')
})

role('options of the account win over DEFAULTOPTIONS', async () => {
  await using at = await started(ACCOUNTS, {defaultOptions: 'disableimap=1,sharedgroup=south'})
  const ann = await at.auth.find('imap', 'ann@corp.example')
  const bob = await at.auth.find('imap', 'bob')
  assert.equal(Object.fromEntries(ann?.options ?? []), {sharedgroup: 'north', disableimap: '1'})
  assert.equal(Object.fromEntries(bob?.options ?? []), {disableimap: '1', sharedgroup: 'south'})
})

role('a default domain is appended to names without one', async () => {
  await using at = await started(ACCOUNTS, {defaultDomain: {domain: '@corp.example', separators: undefined}})
  assert.is((await accountOf(at.auth, 'ann', 'secret'))?.name, 'ann@corp.example')
  assert.is((await accountOf(at.auth, 'ann@corp.example', 'secret'))?.name, 'ann@corp.example')
})

role('an account without mail= has the default Maildir, one with an absolute path has that', async () => {
  await using at = await started('a\tuid=1|gid=1|home=/h/a|mail=\nb\tuid=1|gid=1|home=/h/b|mail=/var/b\n')
  assert.is((await at.auth.find('imap', 'a'))?.maildir, '/h/a/Maildir')
  assert.is((await at.auth.find('imap', 'b'))?.maildir, '/var/b')
})

role('what makeuserdb has put in place counts at the next look-up', async () => {
  await using at = await started(undefined)
  assert.is(await outcome(at.auth, 'bob', 'secret'), 'refused')
  for (let round = 0; round < 5; round += 1) {
    await at.userdb(ACCOUNTS.replaceAll('5002', `600${round}`))
    assert.is((await accountOf(at.auth, 'bob', 'secret'))?.uid, 6000 + round)
  }
  await at.userdb('')
  assert.is(await outcome(at.auth, 'bob', 'secret'), 'refused')
})

role('look-ups while the databases are replaced always see a whole generation', async () => {
  await using at = await started(ACCOUNTS)
  const generation = (number: number) => `ann\tuid=${number}|gid=7|home=/h|systempw={CRYPT}x|gecos=${number}\n`
  await at.userdb(generation(1))
  let busy = true
  const looking = Array.from({length: 4}, async () => {
    let looks = 0
    while (busy) {
      const account = await at.auth.find('imap', 'ann')
      assert.is(String(account?.uid), account?.fullName)
      looks += 1
      // As requests from sockets would: nothing else may be left waiting.
      await new Promise((resolve) => setImmediate(resolve))
    }
    return looks
  })
  for (let number = 2; number < 30; number += 1) await at.userdb(generation(number))
  busy = false
  for (const looks of await Promise.all(looking)) assert.ok(looks > 0)
})

role('without a database there are no accounts, without the shadow no passwords', async () => {
  await using at = await started(undefined)
  assert.is(await outcome(at.auth, 'bob', 'secret'), 'refused')
  await at.userdb(ACCOUNTS)
  await rm(at.path('userdbshadow.lmdb'))
  assert.is(await outcome(at.auth, 'bob', 'secret'), 'refused')
  assert.is((await at.auth.find('imap', 'bob'))?.uid, 5002)
})

for (const [title, damage] of [
  ['cut off', (path: string) => truncate(path, 8192)],
  ['empty', (path: string) => truncate(path, 0)],
  ['longer by one octet', (path: string) => writeFile(path, 'x', {flag: 'a'})],
  ['text', (path: string) => writeFile(path, 'ann\tuid=1\n')],
  ['with one flipped bit', flipBit],
  ['a directory', async (path: string) => rm(path).then(() => mkdir(path))],
] as const) {
  for (const file of ['userdb.lmdb', 'userdbshadow.lmdb']) {
    role(`${file} ${title} makes logins unavailable until it is made again`, async () => {
      await using at = await started(ACCOUNTS)
      assert.is(await outcome(at.auth, 'bob', 'secret'), 'accepted')
      await damage(at.path(file))
      assert.is(await outcome(at.auth, 'bob', 'secret'), 'unavailable')
      assert.is(await outcome(at.auth, 'nosuch', 'secret'), 'unavailable')
      if (title === 'a directory') await rm(at.path(file), {recursive: true})
      assert.equal(await compile(at.path('userdb')), [])
      assert.is(await outcome(at.auth, 'bob', 'secret'), 'accepted')
    })
  }
}

async function flipBit(path: string): Promise<void> {
  const file = await open(path, 'r+')
  const octet = Buffer.alloc(1)
  await file.read(octet, 0, 1, 9000)
  octet[0]! ^= 4
  await file.write(octet, 0, 1, 9000)
  await file.close()
}

role('files of two runs are never mixed', async () => {
  await using at = await started(ACCOUNTS)
  await copyFile(at.path('userdb.lmdb'), at.path('old'))
  await at.userdb(ACCOUNTS.replaceAll('5002', '6002'))
  await rename(at.path('old'), at.path('userdb.lmdb'))
  assert.is(await outcome(at.auth, 'bob', 'secret'), 'unavailable')
  assert.match(at.log.lines[0] ?? '', 'not of one run')
})

role('the databases have their modes, nothing else is left behind', async () => {
  await using at = await started(ACCOUNTS)
  assert.is(await outcome(at.auth, 'bob', 'secret'), 'accepted')
  assert.equal((await readdir(at.directory)).sort(), ['userdb', 'userdb.lmdb', 'userdb.lock', 'userdbshadow.lmdb'])
  assert.is((await stat(at.path('userdb.lmdb'))).mode & 0o777, 0o644)
  assert.is((await stat(at.path('userdbshadow.lmdb'))).mode & 0o777, 0o600)
})

role.when(process.getuid?.() !== 0, 'root may read everything')('a shadow that may not be read makes logins unavailable', async () => {
  await using at = await started(ACCOUNTS)
  await chmod(at.path('userdbshadow.lmdb'), 0)
  assert.is(await outcome(at.auth, 'bob', 'secret'), 'unavailable')
})

role('an unknown module is reported and left out', async () => {
  await using at = await started(ACCOUNTS, {modules: ['authnosuch', 'authuserdb']})
  assert.match(at.log.lines[0] ?? '', 'authnosuch')
  assert.is(await outcome(at.auth, 'bob', 'secret'), 'accepted')
})

role.run()
