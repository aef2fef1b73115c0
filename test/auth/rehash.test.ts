import {readFile, stat, writeFile} from 'node:fs/promises'
import * as assert from 'uvu/assert'
import {CryptPool} from '../../src/auth/hash/crypt-pool.js'
import {verifyPassword} from '../../src/auth/hash/password-verifier.js'
import {Rehasher} from '../../src/auth/hash/rehasher.js'
import {authuserdb} from '../../src/auth/modules/authuserdb.js'
import type {AuthModule, Rehash} from '../../src/auth/modules/module.js'
import {loadTryLock} from '../../src/auth/native.js'
import {isScramSecretOf, parseScramSecret} from '../../src/auth/scram/secret.js'
import {RehashQueue} from '../../src/auth/userdb/rehash-queue.js'
import {UserdbMaker} from '../../src/auth/userdb/userdb-maker.js'
import {Secret} from '../../src/log/secret.js'
import {startAuth} from '../../src/services/start-auth.js'
import {suite} from '../support/suite.js'
import {compile, recordingLog, scratch} from './support/scratch.js'

const rehash = suite('Rehash at login')

const WEAK = '{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ='
const STRONG = '$6$saltsalt$abc'
let count = 0
const random = (octets: number) => Buffer.alloc(octets, ++count)

/** A source that keeps what it is asked to store. */
function source(): AuthModule & {readonly asked: Rehash[]} {
  const asked: Rehash[] = []
  return {
    name: 'source',
    asked,
    check: async () => ({outcome: 'refused'}),
    find: async () => ({outcome: 'refused'}),
    health: async () => ({usable: true}),
    async rehash(request) {
      asked.push(request)
    },
    close: async () => undefined,
  }
}

const ACCOUNT = {address: 'ann', uid: 1, gid: 1, home: '/h', maildir: undefined, quota: undefined, fullName: undefined, options: undefined}
const CHECK = {service: 'imap', user: 'ann', password: new Secret('secret'), remote: '192.0.2.1'}

rehash('replaces weak hashes, and leaves strong ones and unknown ones alone', async () => {
  const crypt = new CryptPool({threads: 1, limitMs: 10_000})
  const log = recordingLog()
  const rehasher = new Rehasher({kind: 'sha512', scram: false, crypt, random, log})
  for (const [stored, expected] of [
    [WEAK, 1],
    ['$1$saltsalt$9xy1btjgzLYfb7hivXtC//', 1],
    ['abNANd1rDfiNc', 1],
    ['{CRYPT}$5$saltsalt$x', 1],
    [STRONG, 0],
    [`{crypt}${STRONG}`, 0],
    ['$y$j9T$x$y', 0],
    ['$2y$10$x', 0],
    [undefined, 0],
  ] as const) {
    const module = source()
    const account = {...ACCOUNT, passwordHash: stored === undefined ? undefined : new Secret(stored)}
    for (let round = 0; round < 3; round += 1) rehasher.saw(module, CHECK, account)
    while (expected === 1 && module.asked.length === 0) await new Promise((done) => setTimeout(done, 5))
    assert.is(module.asked.length, expected, stored ?? 'none')
    const [request] = module.asked
    if (!request) continue
    assert.is(request.from.reveal(), stored)
    assert.match(request.to.reveal(), /^\$6\$[./0-9A-Za-z]{16}\$[./0-9A-Za-z]{86}$/)
    assert.ok(await verifyPassword(crypt, {stored: request.to.reveal(), password: CHECK.password, remote: ''}))
  }
  assert.equal(log.lines, [])
  await crypt.close()
})

rehash('of userdb changes files and databases once for all that wait, and nothing that has changed meanwhile', async () => {
  await using place = await scratch()
  const text = `ann\tuid=1|gid=1|home=/h|systempw=${WEAK}\n# note\nbob\timappw=x|systempw=y\ncarl\tsystempw=z\n`
  await place.userdb(text)
  const log = recordingLog()
  const path = place.path('userdb')
  const maker = new UserdbMaker({source: path, random})
  let made = 0
  const make = maker.make.bind(maker)
  maker.make = () => {
    made += 1
    return make()
  }
  const queue = new RehashQueue({source: path, tryLock: loadTryLock, maker, log, pauseMs: 20})
  const add = (record: string, name: string, from: string) => queue.add({record, name, from, to: `new-${record}-${name}`, location: ''})
  add('ann', 'systempw', WEAK)
  add('ann', 'systempw', WEAK)
  add('bob', 'imappw', 'x')
  add('bob', 'systempw', 'y')
  add('carl', 'systempw', 'old')
  add('gone', 'systempw', 'x')
  while (!log.lines.some((line) => line.startsWith('info auth.rehashed'))) await new Promise((done) => setTimeout(done, 5))
  const expected = `ann\tuid=1|gid=1|home=/h|systempw=new-ann-systempw\n# note\nbob\timappw=new-bob-imappw|systempw=new-bob-systempw\ncarl\tsystempw=z\n`
  assert.is(await readFile(path, 'latin1'), expected)
  assert.is(made, 1)
  // A text that cannot be compiled is told, and the next one works.
  await writeFile(path, `${expected}ann\tx=1\n`)
  add('bob', 'imappw', 'new-bob-imappw')
  await queue.apply()
  assert.ok(log.lines.some((line) => line.startsWith('warning auth.not-rehashed')))
  await queue.close()
})

rehash('adds a SCRAM secret where there is none, of the password that the service uses', async () => {
  await using place = await scratch()
  const account = 'uid=1|gid=1|home=/h'
  const [both, own, has] = [
    `${account}|imappw=${WEAK}|systempw=x`,
    `${account}|systempw=${WEAK}`,
    `${account}|systempw=${WEAK}|scram-sha-256pw=y`,
  ]
  await place.userdb(`both\t${both}\nown\t${own}\nhas\t${has}\n`)
  const crypt = new CryptPool({threads: 1, limitMs: 10_000})
  const log = recordingLog()
  const module = authuserdb.create({directory: place.directory, crypt, log, now: () => 0, daemons: 1, environment: {}, random})
  assert.ok(module)
  if (!module) return
  assert.equal(await Promise.all(['both', 'own', 'has', 'none'].map((user) => module.wantsScram?.('imap', user))), [
    true,
    true,
    false,
    false,
  ])
  const stored: string[] = []
  const spy: AuthModule = {
    ...module,
    async storeScram(request) {
      stored.push(request.user)
      const secret = parseScramSecret(request.secret.reveal())
      assert.ok(secret && (await isScramSecretOf(secret, Buffer.from('secret'))))
      await module.storeScram?.(request)
    },
  }
  const rehasher = new Rehasher({kind: undefined, scram: true, crypt, random, log})
  for (const user of ['both', 'own', 'has']) rehasher.saw(spy, {...CHECK, user}, {...ACCOUNT, passwordHash: new Secret(WEAK)})
  while (stored.length < 2) await new Promise((done) => setTimeout(done, 5))
  assert.equal(stored.sort(), ['both', 'own'])
  assert.equal(log.lines, [])
  const queue = new RehashQueue({
    source: place.path('userdb'),
    tryLock: loadTryLock,
    maker: new UserdbMaker({source: place.path('userdb'), random}),
    log,
    pauseMs: 1000,
  })
  for (const [record, name] of [
    ['both', 'imap-scram-sha-256pw'],
    ['has', 'scram-sha-256pw'],
  ] as const)
    queue.add({record, name, from: undefined, to: 'new', location: ''})
  await queue.apply()
  const text = `both\t${both}|imap-scram-sha-256pw=new\nown\t${own}\nhas\t${has}\n`
  assert.is(await readFile(place.path('userdb'), 'latin1'), text)
  await module.close()
  await crypt.close()
})

rehash('of many accounts at once derives one SCRAM secret after the other: files are read meanwhile', async () => {
  const crypt = new CryptPool({threads: 1, limitMs: 10_000})
  let stored = 0
  const module = {
    name: 'many',
    wantsScram: async () => true,
    storeScram: async () => {
      stored += 1
    },
  } as unknown as AuthModule
  const rehasher = new Rehasher({kind: undefined, scram: true, crypt, random, log: recordingLog()})
  const [logins, few] = [60, 15]
  for (let number = 0; number < logins; number += 1)
    rehasher.saw(module, {...CHECK, user: `user${number}`}, {...ACCOUNT, passwordHash: new Secret(WEAK)})
  while (stored === 0) await new Promise((done) => setTimeout(done, 1))
  await stat('/')
  assert.ok(stored < few, `a file was looked at after ${stored} secrets`)
  while (stored < logins) await new Promise((done) => setTimeout(done, 5))
  await crypt.close()
})

rehash('is off unless it is switched on, and keeps the password', async () => {
  await using place = await scratch()
  await place.userdb(`ann\tuid=1|gid=1|home=/h|systempw=${WEAK}\n`)
  const settings = {
    directory: place.directory,
    modules: ['authuserdb'],
    defaultOptions: '',
    defaultMaildir: './Maildir',
    defaultDomain: {domain: '', separators: undefined},
  }
  for (const kind of [undefined, 'sha512'] as const) {
    const log = recordingLog()
    const role = startAuth({...settings, ...(kind ? {rehash: {kind, scram: true}} : {})}, log)
    assert.is((await role.check(CHECK)).outcome, 'accepted')
    assert.is((await role.check({...CHECK, password: new Secret('wrong')})).outcome, 'refused')
    await role.close()
    assert.match(await readFile(place.path('userdb'), 'latin1'), WEAK)
  }
  assert.equal(await compile(place.path('userdb')), [])
})

rehash.run()
