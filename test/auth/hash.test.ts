import fc from 'fast-check'
import * as assert from 'uvu/assert'
import {CryptPool} from '../../src/auth/hash/crypt-pool.js'
import {FairQueue} from '../../src/auth/hash/fair-queue.js'
import {md5Crypt} from '../../src/auth/hash/md5-crypt.js'
import {verifyPassword} from '../../src/auth/hash/password-verifier.js'
import {shaCrypt} from '../../src/auth/hash/sha-crypt.js'
import {loadCrypt} from '../../src/auth/native.js'
import {Secret} from '../../src/log/secret.js'
import {suite} from '../support/suite.js'

const hash = suite('Password hashes')
const crypt = loadCrypt()
const system = hash.when(crypt, 'this system has no libcrypt')

const messageOf = (error: Error) => error.message

function crypts(threads = 1) {
  const pool = new CryptPool({threads, limitMs: 10_000})
  const verify = async (stored: string, password: string) =>
    verifyPassword(pool, {stored, password: new Secret(password), remote: '192.0.2.1'})
  return {pool, verify, [Symbol.asyncDispose]: () => pool.close()}
}

const MATCHING: readonly (readonly [stored: string, password: string])[] = [
  ['{MD5}Xr4ilOzQ4PCOq3aQ0qbuaQ==', 'secret'],
  ['{md5}Xr4ilOzQ4PCOq3aQ0qbuaQ==', 'secret'],
  ['{MD5RAW}5ebe2294ecd0e0f08eab7690d2a6ee69', 'secret'],
  ['{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=', 'secret'],
  ['{SHA256}K7gNU3sdo+OL0wNhqoVWhr3g6s1xYv72ol/pe/Unols=', 'secret'],
  ['{SHA512}vSsar3708Jvp9Szi2NWZZ02Bqp1qRCFpbcTZPdBhnWgs5WtNZKnvCXdhztmeD2cmW192CF5bDufKRpayrW/isg==', 'secret'],
  ['{SSHA}+RFhsab2AfzZ0VfEdyknXtUT06RhYmNk', 'secret'],
  ['$1$saltsalt$9xy1btjgzLYfb7hivXtC//', 'secret'],
  ['{CRYPT}$1$saltsalt$9xy1btjgzLYfb7hivXtC//', 'secret'],
  ['$5$saltsalt$0IyaXrmV7.sGNS6tirgqHLqX/G.FBvgkYA.lpPdS5sA', 'secret'],
  ['$5$rounds=1500$ab$iN3/Kwvpzg5CJbG9dIobNSFiRQbIUwbrFLs41q.NX56', 'secret'],
  ['$6$$2M9DchxW4txWyTYoZrH9D3VvAAQxBpEezYsLY6Cao.jwzEXpyL9xwip9hiUZX7GqTqe/E/z6iKvZqXUuqniQH.', 'secret'],
]

const MATCHING_SYSTEM: readonly (readonly [stored: string, password: string])[] = [
  ['abNANd1rDfiNc', 'secret'],
  ['{crypt}abNANd1rDfiNc', 'secret'],
  ['abhv/ZnAzL36k', 'secret12'],
  ['abhv/ZnAzL36k', 'secret123'],
  ['$y$j9T$abcdefgh$9WNEpu8Mx2S4KNGvbVWKM6clOSoY6.YEl7AYF4DGV04', 'x'],
  ['$2b$05$abcdefghijklmnopqrstuuhKF09ZYWwH2zP/0fwE1X8e/Q1YNx/hO', 'x'],
]

const NEVER_MATCHING = [
  '{MD5}Xr4ilOzQ4PCOq3aQ0qbuaQ',
  '{MD5RAW}5EBE2294ECD0E0F08EAB7690D2A6EE69',
  '{SSHA}+RFhsab2AfzZ0VfEdyknXtUT06RhYmN',
  '{SSHA}',
  'secret',
  '',
  '{SSHA256}x',
  '{PLAIN}secret',
  '{CRYPT}',
  '*',
  '*0',
  '*1',
  '!',
  'x',
  '$1$',
  '$6$',
  '$7$',
  '$6$rounds=99999999999$a$b',
  '\xff\xff\xff',
]

for (const [stored, password] of MATCHING) {
  hash(`"${password}" matches ${stored}, and nothing else does`, async () => {
    await using at = crypts()
    assert.is(await at.verify(stored, password), true)
    for (const wrong of ['', 'Secret', 'secret ', 'x\0', 'y'.repeat(3000)]) assert.is(await at.verify(stored, wrong), false, wrong)
  })
}

for (const [stored, password] of MATCHING_SYSTEM) {
  system(`"${password}" matches ${stored}, and nothing else does`, async () => {
    await using at = crypts()
    assert.is(await at.verify(stored, password), true)
    for (const wrong of ['', 'Secret', 'y'.repeat(3000)]) assert.is(await at.verify(stored, wrong), false, wrong)
  })
}

system('what is no hash never matches', async () => {
  await using at = crypts()
  for (const stored of NEVER_MATCHING) {
    for (const password of ['secret', '', stored]) assert.is(await at.verify(stored, password), false, stored)
  }
})

system('the own MD5-crypt and SHA-crypt give what the system gives', () => {
  const octets = fc.uint8Array({maxLength: 80}).map((array) => Buffer.from(array.map((octet) => octet || 1)))
  const salt = fc.string({unit: fc.constantFrom(...'./0aZ'), maxLength: 20})
  const setting = fc.tuple(fc.constantFrom('$1$', '$5$', '$6$', '$5$rounds=1001$', '$6$rounds=1100$'), salt).map((parts) => parts.join(''))
  fc.assert(
    fc.property(octets, setting, (password, text) => {
      assert.is((text.startsWith('$1$') ? md5Crypt : shaCrypt)(password, text), crypt?.(password, text))
    }),
    {numRuns: 30},
  )
})

system('many hashes at once are each right, and closing ends the threads', async () => {
  await using at = crypts(2)
  const results = await Promise.all(
    Array.from({length: 200}, (_, index) => at.verify(MATCHING[7]![0], index % 3 === 0 ? 'secret' : `no${index}`)),
  )
  assert.equal(
    results,
    results.map((_, index) => index % 3 === 0),
  )
  const late = at.verify(MATCHING[7]![0], 'secret').catch(messageOf)
  await at.pool.close()
  assert.match(String(await late), /no longer checked|ended with|^true$/)
  assert.match(String(await at.verify(MATCHING[7]![0], 'secret').catch(messageOf)), 'no longer checked')
})

system('a hash that takes too long fails alone, the next one is computed', async () => {
  const pool = new CryptPool({threads: 1, limitMs: 50})
  const slow = pool.hash({password: 'x', setting: '$6$rounds=3000000$ab$', remote: 'a'}).catch(messageOf)
  assert.match(String(await slow), 'took too long')
  const next = await pool.hash({password: 'secret', setting: '$1$saltsalt$', remote: 'a'}).catch(messageOf)
  assert.match(next ?? '', /^\$1\$|took too long/)
  await pool.close()
})

hash('addresses take turns', () => {
  const queue = new FairQueue<string>({items: 6, itemsOfSource: 4})
  for (const item of ['a1', 'a2', 'a3', 'a4']) assert.ok(queue.push('a', item))
  assert.not.ok(queue.push('a', 'a5'))
  assert.ok(queue.push('b', 'b1'))
  assert.ok(queue.push('c', 'c1'))
  assert.not.ok(queue.push('d', 'd1'))
  const taken: string[] = []
  for (let item = queue.take(); item; item = queue.take()) taken.push(item)
  assert.equal(taken, ['a1', 'b1', 'c1', 'a2', 'a3', 'a4'])
  assert.is(queue.size, 0)
})

hash.run()
