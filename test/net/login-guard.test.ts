import {existsSync, readFileSync, rmSync, symlinkSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {setTimeout as delay} from 'node:timers/promises'
import * as assert from 'uvu/assert'
import type {Authenticator, CheckResult} from '../../src/auth/account.js'
import {Secret} from '../../src/log/secret.js'
import {covers, formatBans, readBans} from '../../src/net/guard/ban.js'
import {changeBanFile, readBanFile} from '../../src/net/guard/ban-file.js'
import {DecayingCounts} from '../../src/net/guard/decaying-counts.js'
import type {GuardSettings} from '../../src/net/guard/guard-settings.js'
import {LoginGuard} from '../../src/net/guard/login-guard.js'
import {addBan, listBans, removeBans} from '../../src/services/ban-tool.js'
import {GuardedAuthenticator} from '../../src/services/guarded-authenticator.js'
import {LogLines} from '../support/store.js'
import {suite} from '../support/suite.js'
import {temporaryDirectory} from '../support/temporary-directory.js'

const guard = suite('Failed logins', {limitMs: 15_000})

const SETTINGS: GuardSettings = {
  delayAfter: 3,
  maxDelayMs: 8_000,
  banAfter: 10,
  banMs: 60_000,
  exempt: ['127.0.0.0/8'],
  stateDirectory: undefined,
}

function made(settings: Partial<GuardSettings> = {}, clock = {ms: 1_000_000}): {guard: LoginGuard; log: LogLines; clock: {ms: number}} {
  const log = new LogLines()
  return {guard: new LoginGuard({settings: {...SETTINGS, ...settings}, log, now: () => clock.ms}), log, clock}
}

function fail(guarded: LoginGuard, ip: string, times: number, account?: string): void {
  for (let count = 0; count < times; count += 1) guarded.failed(ip, account)
}

guard('an address waits after some failures, twice as long each time, and not for ever', () => {
  const {guard: one, log, clock} = made({banAfter: 0})
  fail(one, '::ffff:192.0.2.9', 2)
  assert.is(one.delayMs('192.0.2.9', undefined), 0)
  const waits = [0, 1, 2, 3, 4].map(() => {
    fail(one, '::ffff:192.0.2.9', 1)
    return one.delayMs('192.0.2.9', undefined)
  })
  assert.equal(waits, [1_000, 2_000, 4_000, 8_000, 8_000])
  assert.is(one.delayMs('192.0.2.8', undefined), 0)
  assert.equal(log.lines.length, 1)
  clock.ms += 60 * 60_000
  assert.is(one.delayMs('192.0.2.9', undefined), 0)
})

guard('IPv6 counts by /64, IPv4 by address', () => {
  const {guard: one} = made()
  for (let count = 1; count <= 4; count += 1) one.failed(`2001:db8:1:2::${count}`, undefined)
  assert.ok(one.delayMs('2001:db8:1:2:ffff::9', undefined) > 0)
  assert.is(one.delayMs('2001:db8:1:3::1', undefined), 0)
})

guard('an account waits when it is tried from many addresses, except where its owner has logged in from', () => {
  const {guard: one} = made()
  one.succeeded('192.0.2.1', 'ann')
  for (let count = 10; count < 20; count += 1) one.failed(`192.0.2.${count}`, 'ann')
  assert.is(one.delayMs('198.51.100.1', 'ann'), 8_000)
  assert.is(one.delayMs('192.0.2.1', 'ann'), 0)
  assert.is(one.delayMs('198.51.100.1', 'bob'), 0)
})

guard('a network from which an account is logged into many times a day stays its own for months', () => {
  const {guard: one, clock} = made({banAfter: 0})
  for (let login = 0; login < 120 * 50; login += 1) {
    one.succeeded('192.0.2.1', 'ann')
    clock.ms += (24 * 60 * 60_000) / 50
  }
  for (let from = 1; from <= 20; from += 1) one.failed(`198.51.100.${from}`, 'ann')
  assert.is(one.delayMs('192.0.2.1', 'ann'), 0)
  assert.ok(one.delayMs('203.0.113.1', 'ann') > 0)
})

guard('an address that goes on is banned for a while; an exempt one never is', () => {
  const {guard: one, log, clock} = made()
  fail(one, '::ffff:192.0.2.9', 10)
  assert.ok(one.isBanned('::ffff:192.0.2.9'))
  assert.not(one.isBanned('::ffff:192.0.2.8'))
  assert.match(log.lines.at(-1) ?? '', /login\.banned/)
  clock.ms += 61_000
  assert.not(one.isBanned('::ffff:192.0.2.9'))
  fail(one, '::ffff:127.0.0.1', 50)
  assert.not(one.isBanned('::ffff:127.0.0.1'))
  assert.is(one.delayMs('::ffff:127.0.0.1', undefined), 0)
  const {guard: six} = made()
  for (let count = 0; count < 10; count += 1) six.failed(`2001:db8::${count}`, undefined)
  assert.ok(six.isBanned('2001:db8::ffff'))
  assert.not(six.isBanned('2001:db8:0:1::1'))
})

guard('0 switches it off', () => {
  const {guard: one} = made({delayAfter: 0, banAfter: 0})
  fail(one, '192.0.2.9', 500, 'ann')
  assert.is(one.delayMs('192.0.2.9', 'ann'), 0)
  assert.not(one.isBanned('192.0.2.9'))
})

guard('memory is bounded', () => {
  const counts = new DecayingCounts({halfLifeMs: 1000, maxKeys: 100})
  for (let key = 0; key < 10_000; key += 1) counts.add(String(key), 0)
  assert.is(counts.kept(0).length, 100)
  assert.is(counts.get('9999', 0), 1)
  assert.is(counts.get('9999', 1000), 0.5)
  assert.equal(counts.kept(60_000), [])
})

guard('bans and counts outlive the server', async () => {
  using directory = temporaryDirectory()
  const clock = {ms: Date.now()}
  const {guard: one} = made({stateDirectory: directory.path}, clock)
  await one.open()
  fail(one, '192.0.2.9', 10)
  fail(one, '192.0.2.7', 5, 'ann')
  one.succeeded('192.0.2.1', 'ann')
  await one.close()
  const {guard: next} = made({stateDirectory: directory.path}, clock)
  await next.open()
  assert.ok(next.isBanned('192.0.2.9'))
  assert.ok(next.delayMs('192.0.2.7', undefined) > 0)
  assert.is(next.delayMs('192.0.2.1', 'ann'), 0)
  await next.close()
})

guard('courier ban works while a server runs, at once, and while none does', async () => {
  using directory = temporaryDirectory()
  const state = directory.path
  await addBan(state, {network: '198.51.100.0/24', span: undefined, note: 'Scanner'})
  const {guard: one} = made({stateDirectory: state, banAfter: 3}, {ms: Date.now()})
  await one.open()
  assert.ok(one.isBanned('::ffff:198.51.100.77'))
  await addBan(state, {network: '203.0.113.5', span: '1h', note: undefined})
  while (!one.isBanned('203.0.113.5')) await delay(2)
  fail(one, '2001:db8::1', 3)
  while ((await listBans(state)).length < 3) await delay(2)
  assert.equal(
    (await listBans(state)).map(({network, by}) => `${network} ${by}`),
    ['198.51.100.0/24 administrator', '203.0.113.5 administrator', '2001:0db8:0000:0000::/64 server'],
  )
  assert.is(await removeBans(state, '2001:db8::2'), 1)
  while (one.isBanned('2001:db8::1')) await delay(2)
  assert.is(await removeBans(state, '203.0.113.6'), 0)
  assert.is(await removeBans(state, undefined), 2)
  while (one.isBanned('203.0.113.5')) await delay(2)
  await one.close()
})

guard('two at once: no ban is lost', async () => {
  using directory = temporaryDirectory()
  const state = directory.path
  await Promise.all(Array.from({length: 12}, (_, i) => addBan(state, {network: `192.0.2.${i}`, span: '1d', note: undefined})))
  assert.is((await listBans(state)).length, 12)
  assert.not(existsSync(join(state, 'bans.json.lock')))
})

guard('a damaged file is told and changes nothing, the next ban replaces it', async () => {
  using directory = temporaryDirectory()
  const path = join(directory.path, 'bans.json')
  await addBan(directory.path, {network: '192.0.2.9', span: '1d', note: undefined})
  const {guard: one, log} = made({stateDirectory: directory.path}, {ms: Date.now()})
  await one.open()
  writeFileSync(path, '{"bans": [')
  while (log.lines.length === 0) await delay(2)
  assert.match(log.lines[0] ?? '', /login\.bans-unreadable/)
  assert.ok(one.isBanned('192.0.2.9'))
  await changeBanFile(path, (bans) => [...bans])
  assert.equal(await readBanFile(path), [])
  await one.close()
})

guard('a file that cannot be looked at is told once', async () => {
  using directory = temporaryDirectory()
  const path = join(directory.path, 'bans.json')
  symlinkSync('bans.json', path)
  const {guard: one, log} = made({stateDirectory: directory.path}, {ms: Date.now()})
  await one.open()
  for (let look = 0; look < 3; look += 1) {
    rmSync(path)
    symlinkSync('bans.json', path)
    await delay(30)
  }
  assert.is(log.lines.length, 1, log.lines.join('\n'))
  assert.match(log.lines[0] ?? '', /login\.bans-unreadable.*ELOOP/)
  await one.close()
})

guard('what is no ban in the file is left out', () => {
  const good = {network: '192.0.2.0/24', since: 1, until: undefined, by: 'server'} as const
  const text = `{"bans": [${JSON.stringify(good)}, {"network": "x", "since": 1}, 7, {"network": "192.0.2.1"}, null]}`
  assert.equal(readBans(text), [good])
  assert.equal(readBans(formatBans([good])), [good])
  assert.ok(covers(good, '192.0.2.77'))
  assert.not(covers(good, '192.0.3.1'))
  assert.ok(covers(good, '192.0.2.0/24'))
})

for (const [network, span] of [
  ['example.com', undefined],
  ['192.0.2.0/33', undefined],
  ['192.0.2.1', 'soon'],
  ['192.0.2.1', '0h'],
] as const) {
  guard(`courier ban add ${network}${span ? ` --for ${span}` : ''} is refused and writes nothing`, async () => {
    using directory = temporaryDirectory()
    try {
      await addBan(directory.path, {network, span, note: undefined})
    } catch (error) {
      assert.match((error as Error).message, / is no /)
      assert.not(existsSync(join(directory.path, 'bans.json')))
      return
    }
    assert.unreachable()
  })
}

guard('logins wait before they are checked, and what becomes of them is counted', async () => {
  const {guard: one} = made({maxDelayMs: 30})
  const checks: string[] = []
  let outcome: CheckResult = {outcome: 'refused'}
  const authenticator: Authenticator = {
    check: async ({user}) => {
      checks.push(user)
      return outcome
    },
    begin: async () => ({
      kind: 'challenge',
      challenge: Buffer.alloc(0),
      answer: async () => ({kind: 'checked', result: {outcome: 'refused'}}),
    }),
  }
  const behind = new GuardedAuthenticator(authenticator, one)
  const login = () => behind.check({service: 'imap', user: 'ann', password: new Secret('x'), remote: '192.0.2.9'})
  for (let count = 0; count < 2; count += 1) await login()
  const step = await behind.begin({
    service: 'imap',
    mechanism: 'CRAM-MD5',
    initial: undefined,
    remote: '192.0.2.9',
    channel: {encrypted: true, certificateIdentity: undefined, bindings: new Map(), bindingAnnounced: false},
  })
  if (step.kind === 'challenge') await step.answer(Buffer.alloc(0))
  const waiting = login()
  await Promise.resolve()
  assert.is(checks.length, 2, 'nothing is looked up before the wait')
  await waiting
  assert.is(checks.length, 3)
  outcome = {outcome: 'unavailable', reason: 'x'}
  const before = one.delayMs('192.0.2.9', undefined)
  await login()
  assert.is(one.delayMs('192.0.2.9', undefined), before, 'a source that is down is nobody’s failure')
})

for (const mechanism of ['CRAM-MD5', 'SCRAM-SHA-256'] as const) {
  guard(`${mechanism}: guesses from many addresses count for the account, and the next ones wait before they are checked`, async () => {
    const {guard: one} = made({maxDelayMs: 40})
    let checkedAt = 0
    // SCRAM tells the name at first, CRAM together with the proof.
    const user = mechanism === 'CRAM-MD5' ? undefined : 'ann'
    const answer = async () => {
      checkedAt = performance.now()
      return {kind: 'checked', result: {outcome: 'refused'}} as const
    }
    const refusing: Authenticator = {
      check: async () => ({outcome: 'refused'}),
      begin: async () => ({kind: 'challenge', user, challenge: Buffer.alloc(0), answer}),
    }
    const behind = new GuardedAuthenticator(refusing, one)
    const channel = {encrypted: true, certificateIdentity: undefined, bindings: new Map(), bindingAnnounced: false}
    const attempt = async (remote: string) => {
      const step = await behind.begin({service: 'imap', mechanism, initial: undefined, remote, channel})
      if (step.kind === 'challenge') await step.answer(Buffer.from(`ann ${'0'.repeat(32)}`))
    }
    for (let count = 0; count < 3; count += 1) await attempt(`192.0.2.${count}`)
    assert.is(one.delayMs('198.51.100.1', 'ann'), 40)
    assert.is(one.delayMs('198.51.100.1', 'bob'), 0)
    const began = performance.now()
    await attempt('198.51.100.1')
    assert.ok(checkedAt - began >= 39)
  })
}

guard('names are kept so that a password which was typed as one cannot be read', async () => {
  using directory = temporaryDirectory()
  const path = join(directory.path, 'login-failures.json')
  writeFileSync(path, JSON.stringify({addresses: [['192.0.2.7', 9, 1_000_000]], accounts: [['typed', 9, 1_000_000]], friends: []}))
  const {guard: one} = made({stateDirectory: directory.path})
  await one.open()
  assert.ok(one.delayMs('192.0.2.7', undefined) > 0)
  for (let count = 0; count < 5; count += 1) one.failed(`192.0.2.${count}`, 'hunter2')
  one.succeeded('192.0.2.1', 'ann')
  await one.close()
  assert.not.match(readFileSync(path, 'utf8'), /hunter2|ann|typed/)
  const {guard: next} = made({stateDirectory: directory.path})
  await next.open()
  assert.ok(next.delayMs('198.51.100.1', 'hunter2') > 0)
  assert.is(next.delayMs('198.51.100.1', 'ann'), 0)
  for (let count = 10; count < 20; count += 1) next.failed(`192.0.2.${count}`, 'ann')
  assert.is(next.delayMs('192.0.2.1', 'ann'), 0, 'its owner has logged in from there')
  assert.ok(next.delayMs('198.51.100.1', 'ann') > 0)
  await next.close()
})

guard('the file is readable for people', async () => {
  using directory = temporaryDirectory()
  await addBan(directory.path, {network: '192.0.2.9', span: '1d', note: 'x'})
  assert.match(readFileSync(join(directory.path, 'bans.json'), 'utf8'), /^\{"bans": \[\n\{"network":"192\.0\.2\.9",.*"note":"x"\}\n\]\}\n$/)
})

guard.run()
