import {randomBytes} from 'node:crypto'
import * as assert from 'uvu/assert'
import {CryptPool} from '../../src/auth/hash/crypt-pool.js'
import {verifyPassword} from '../../src/auth/hash/password-verifier.js'
import {RecentChecks} from '../../src/auth/hash/recent-checks.js'
import {Secret} from '../../src/log/secret.js'
import {suite} from '../support/suite.js'

const recent = suite('Recent password checks')

/** MD5-crypt of `secret`. */
const STORED = '$1$saltsalt$9xy1btjgzLYfb7hivXtC//'

function clock() {
  let nowMs = 0
  return {
    now: () => nowMs,
    pass(ms: number) {
      nowMs += ms
    },
  }
}

recent('are known for a while, by hash and password together', () => {
  const {now, pass} = clock()
  const checks = new RecentChecks({limit: 10, lifeMs: 1000, now, random: randomBytes})
  checks.remember('hash', 'secret')
  assert.ok(checks.knows('hash', 'secret'))
  for (const [stored, password] of [
    ['hash', 'Secret'],
    ['hash', ''],
    ['hash2', 'secret'],
    ['hashs', 'ecret'],
    ['has', 'hsecret'],
    ['', 'hashsecret'],
  ] as const)
    assert.not.ok(checks.knows(stored, password))
  pass(999)
  assert.ok(checks.knows('hash', 'secret'))
  pass(1)
  assert.not.ok(checks.knows('hash', 'secret'))
})

recent('the oldest make room', () => {
  const {now} = clock()
  const checks = new RecentChecks({limit: 3, lifeMs: 1000, now, random: randomBytes})
  for (const name of ['a', 'b', 'c', 'a', 'd']) checks.remember(name, 'x')
  assert.equal(
    ['a', 'b', 'c', 'd'].map((name) => checks.knows(name, 'x')),
    [true, false, true, true],
  )
})

recent('spare the hash only for what was right, and only while the stored hash is the same', async () => {
  const {now} = clock()
  const checks = new RecentChecks({limit: 3, lifeMs: 1000, now, random: randomBytes})
  await using pool = Object.assign(new CryptPool({threads: 1, limitMs: 10_000, recent: checks}), {
    async [Symbol.asyncDispose]() {
      await pool.close()
    },
  })
  let hashes = 0
  const hash = pool.hash.bind(pool)
  pool.hash = (job) => {
    hashes += 1
    return hash(job)
  }
  const verify = (stored: string, password: string) => verifyPassword(pool, {stored, password: new Secret(password), remote: ''})
  assert.equal(
    [await verify(STORED, 'secret'), await verify(STORED, 'secret'), await verify(`{CRYPT}${STORED}`, 'secret')],
    [true, true, true],
  )
  assert.is(hashes, 1)
  assert.equal([await verify(STORED, 'wrong'), await verify(STORED, 'wrong')], [false, false])
  assert.is(hashes, 3)
  assert.is(await verify('$1$saltsalt$9xy1btjgzLYfb7hivXtC/x', 'secret'), false)
  assert.is(hashes, 4)
})

recent.run()
