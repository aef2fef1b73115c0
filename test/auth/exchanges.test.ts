import {randomBytes} from 'node:crypto'
import {writeFile} from 'node:fs/promises'
import fc from 'fast-check'
import * as assert from 'uvu/assert'
import type {ExchangeStep} from '../../src/auth/account.js'
import {hmacContext} from '../../src/auth/hmac/context.js'
import type {AuthModule} from '../../src/auth/modules/module.js'
import {formatScramSecret, makeScramSecret} from '../../src/auth/scram/secret.js'
import {suite} from '../support/suite.js'
import {cramResponse, ScramClient} from './support/sasl-client.js'
import {challengeOf, HOME, saslRole} from './support/sasl-role.js'

const exchanges = suite('SASL exchanges', {limitMs: 15_000})

const SALT = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64')
const SCRAM = formatScramSecret(makeScramSecret(Buffer.from('pencil'), {salt: SALT, iterations: 4096}))
const context = (digest: 'md5' | 'sha1' | 'sha256', password = 'secret') => hmacContext(digest, Buffer.from(password))

const ACCOUNTS = `user\t${HOME}|scram-sha-256pw=${SCRAM}
ann@corp.example\t${HOME}|hmac-md5pw=${context('md5')}|hmac-sha1pw=${context('sha1')}|hmac-sha256pw=${context('sha256')}
two words\t${HOME}|hmac-md5pw=${context('md5')}|imap-hmac-md5pw=${context('md5', 'imap only')}
plain\t${HOME}|systempw={SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=
broken\t${HOME}|scram-sha-256pw=x|hmac-md5pw=zz
a,b=c\t${HOME}|scram-sha-256pw=${SCRAM}
root\tuid=0|gid=0|home=/root|scram-sha-256pw=${SCRAM}|hmac-md5pw=${context('md5')}
`

type Role = Awaited<ReturnType<typeof saslRole>>

async function cram(at: Role, user: string, {mechanism = 'CRAM-MD5', digest = 'md5', password = 'secret'} = {}): Promise<string> {
  const {challenge, answer} = challengeOf(await at.begin(mechanism))
  return at.outcome(await answer(cramResponse(digest, user, {password, challenge})))
}

exchanges('CRAM: the challenge is 32 hex digits at this host, another one each time', async () => {
  await using at = await saslRole(ACCOUNTS)
  const texts = await Promise.all(
    ['CRAM-MD5', 'CRAM-SHA1', 'CRAM-SHA256'].map(async (name) => challengeOf(await at.begin(name, '')).challenge.toString()),
  )
  for (const text of texts) assert.match(text, /^<[0-9A-F]{32}@[^>]+>$/)
  assert.is(new Set(texts).size, 3)
})

for (const [title, user, options, expected] of [
  ['MD5', 'ann@corp.example', {}, 'ann@corp.example'],
  ['SHA1', 'ann@corp.example', {mechanism: 'CRAM-SHA1', digest: 'sha1'}, 'ann@corp.example'],
  ['SHA256', 'ann@corp.example', {mechanism: 'CRAM-SHA256', digest: 'sha256'}, 'ann@corp.example'],
  ['with another digest', 'ann@corp.example', {mechanism: 'CRAM-SHA256', digest: 'sha1'}, 'refused'],
  ['with a wrong password', 'ann@corp.example', {password: 'wrong'}, 'refused'],
  ['with the context of the service', 'two words', {password: 'imap only'}, 'two words'],
  ['not with the common context when the service has one', 'two words', {}, 'refused'],
  ['for an unknown name', 'nobody', {}, 'refused'],
  ['for an empty name', '', {}, 'refused'],
  ['for a name with a control character', 'ann\u0001', {}, 'refused'],
  ['for an account without a context', 'plain', {}, 'refused'],
  ['for an account with a broken context', 'broken', {}, 'refused'],
  ['for an account without a context, with no password', 'plain', {password: ''}, 'refused'],
  ['for root', 'root', {}, 'refused'],
] as const) {
  exchanges(`CRAM ${title}: ${expected}`, async () => {
    await using at = await saslRole(ACCOUNTS)
    assert.is(await cram(at, user, options), expected)
  })
}

exchanges('CRAM: an initial response is an error, an answer to another challenge is refused', async () => {
  await using at = await saslRole(ACCOUNTS)
  assert.is(await at.outcome(await at.begin('CRAM-MD5', 'x')), 'bad-message')
  const {challenge} = challengeOf(await at.begin('CRAM-MD5'))
  const other = challengeOf(await at.begin('CRAM-MD5'))
  assert.is(await at.outcome(await other.answer(cramResponse('md5', 'ann@corp.example', {password: 'secret', challenge}))), 'refused')
})

exchanges('CRAM: the default domain is appended to the name, the digest stays', async () => {
  await using at = await saslRole(ACCOUNTS, {defaultDomain: {domain: '@corp.example', separators: undefined}})
  assert.is(await cram(at, 'ann'), 'ann@corp.example')
})

exchanges('CRAM: authcram answers for accounts whose passwords are elsewhere, and nothing else', async () => {
  await using at = await saslRole(ACCOUNTS, {modules: ['authcram']})
  assert.is(await cram(at, 'ann@corp.example'), 'ann@corp.example')
  assert.is(await cram(at, 'ann@corp.example', {password: 'wrong'}), 'refused')
  assert.is(await at.auth.find('imap', 'ann@corp.example'), undefined)
  const client = new ScramClient({user: 'user', password: 'pencil'})
  const {challenge, answer} = challengeOf(await at.begin('SCRAM-SHA-256', client.first))
  assert.is(await at.outcome(await answer(client.final(challenge))), 'refused')
})

exchanges('SCRAM: a source after one that has no secret is asked for it', async () => {
  await using other = await saslRole(`user\tuid=7|gid=7|home=/other|systempw=x\n`)
  await using at = await saslRole(ACCOUNTS)
  const chain = at.auth.modules as unknown as {modules: AuthModule[]}
  chain.modules.unshift(...(other.auth.modules.modules as AuthModule[]))
  assert.is(await scram(at, {user: 'user', password: 'pencil'}), 'user')
  assert.equal(at.log.lines, [])
})

exchanges('an account without a secret is logged once for each mechanism, a name without an account never', async () => {
  await using at = await saslRole(ACCOUNTS)
  for (const user of ['plain', 'plain', 'nobody', 'ann@corp.example']) await cram(at, user)
  for (const user of ['plain', 'plain', 'broken', 'nobody']) await scram(at, {user, password: 'x'})
  assert.equal(
    at.log.lines.map((line) => line.replace(/^\S+ /, '')),
    [
      'auth.no-secret It has no hmac-md5pw',
      'auth.no-secret It has no scram-sha-256pw',
      'auth.no-secret Its scram-sha-256pw is not a secret of SCRAM-SHA-256 (RFC 5803)',
    ],
  )
})

type ScramAttempt = ConstructorParameters<typeof ScramClient>[0] & {
  readonly mechanism?: string
  readonly channel?: Parameters<Role['begin']>[2]
  readonly change?: (withoutProof: string) => string
}

async function scram(at: Role, {mechanism = 'SCRAM-SHA-256', channel, change, ...options}: ScramAttempt): Promise<string> {
  const client = new ScramClient(options)
  const first = await at.begin(mechanism, client.first, channel)
  if (first.kind !== 'challenge') return at.outcome(first)
  const second = await first.answer(client.final(first.challenge, change))
  if (second.kind !== 'challenge') return at.outcome(second)
  assert.ok(client.trusts(second.challenge), 'the server proves itself')
  return at.outcome(await second.answer(Buffer.alloc(0)))
}

exchanges('SCRAM: messages have the form of the example in RFC 7677 §3', async () => {
  await using at = await saslRole(ACCOUNTS)
  const {challenge} = challengeOf(await at.begin('SCRAM-SHA-256', 'n,,n=user,r=rOprNGfwEbeRWgbNEkqO'))
  assert.match(challenge.toString(), /^r=rOprNGfwEbeRWgbNEkqO[A-Za-z0-9+/]{24},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096$/)
})

const BINDINGS = new Map([['tls-exporter', Buffer.from('exported')]])
const BOUND = {encrypted: true, bindings: BINDINGS, bindingAnnounced: true}

for (const [title, attempt, expected] of [
  ['the password', {user: 'user', password: 'pencil'}, 'user'],
  ['a wrong password', {user: 'user', password: 'pen'}, 'refused'],
  ['an unknown name', {user: 'nobody', password: 'pencil'}, 'refused'],
  ['an account without a secret', {user: 'plain', password: 'secret'}, 'refused'],
  ['an account with a broken secret', {user: 'broken', password: 'x'}, 'refused'],
  ['a name with a comma and an equals sign', {user: 'a=2Cb=3Dc', password: 'pencil'}, 'a,b=c'],
  ['a wrong escape in the name', {user: 'a=2c', password: 'pencil'}, 'bad-message'],
  ['an empty name', {user: '', password: 'pencil'}, 'bad-message'],
  ['an authorization identity that is the name', {user: 'user', password: 'pencil', header: 'n,a=user,'}, 'user'],
  ['another authorization identity', {user: 'user', password: 'pencil', header: 'n,a=ann@corp.example,'}, 'refused'],
  ['a mandatory extension', {user: 'user', password: 'pencil', header: 'n,,m=x,'}, 'bad-message'],
  ['an extension that is not known', {user: 'user', password: 'pencil', nonce: 'abc,x=y'}, 'user'],
  ['another nonce at the end', {user: 'user', password: 'pencil', change: (text: string) => `${text}x`}, 'refused'],
  ['another header at the end', {user: 'user', password: 'pencil', change: (text: string) => text.replace('c=biws', 'c=eSws')}, 'refused'],
  ['a client that could bind, where that is not announced', {user: 'user', password: 'pencil', header: 'y,,'}, 'user'],
  ['a client that could bind and was not offered it', {user: 'user', password: 'pencil', header: 'y,,', channel: BOUND}, 'refused'],
  ['binding without -PLUS', {user: 'user', password: 'pencil', header: 'p=tls-exporter,,', channel: BOUND}, 'refused'],
  ['-PLUS without binding', {user: 'user', password: 'pencil', mechanism: 'SCRAM-SHA-256-PLUS', channel: BOUND}, 'refused'],
  ['root', {user: 'root', password: 'pencil'}, 'refused'],
] as const) {
  exchanges(`SCRAM with ${title}: ${expected}`, async () => {
    await using at = await saslRole(ACCOUNTS)
    assert.is(await scram(at, attempt), expected)
  })
}

for (const [title, type, bindingData, expected] of [
  ['the data of the channel', 'tls-exporter', 'exported', 'user'],
  ['other data', 'tls-exporter', 'exporter', 'refused'],
  ['no data', 'tls-exporter', '', 'refused'],
  ['a type that the channel has not', 'tls-unique', 'exported', 'refused'],
] as const) {
  exchanges(`SCRAM-SHA-256-PLUS with ${title}: ${expected}`, async () => {
    await using at = await saslRole(ACCOUNTS)
    const attempt = {user: 'user', password: 'pencil', mechanism: 'SCRAM-SHA-256-PLUS', channel: BOUND}
    assert.is(await scram(at, {...attempt, header: `p=${type},,`, bindingData: Buffer.from(bindingData)}), expected)
  })
}

exchanges(
  'SCRAM: a name without an account has the same salt each time, also after a restart, and another one than other names',
  async () => {
    await using place = await saslRole(ACCOUNTS)
    const saltOf = async (at: Role, user: string) =>
      /s=([^,]+),i=15000$/.exec(challengeOf(await at.begin('SCRAM-SHA-256', `n,,n=${user},r=abc`)).challenge.toString())?.[1]
    const settings = {stateDirectory: place.path('state', 'courier')}
    await using before = await saslRole(ACCOUNTS, settings)
    const salt = await saltOf(before, 'nobody')
    assert.is(Buffer.from(salt ?? '', 'base64').length, 16)
    assert.is(await saltOf(before, 'nobody'), salt)
    assert.is.not(await saltOf(before, 'somebody'), salt)
    await using after = await saslRole(ACCOUNTS, settings)
    assert.is(await saltOf(after, 'nobody'), salt)
    await using unplaced = await saslRole(ACCOUNTS, {stateDirectory: place.path('userdb', 'courier')})
    assert.ok(await saltOf(unplaced, 'nobody'))
    assert.match(unplaced.log.lines.join(), 'no-salt-key')
  },
)

exchanges('SCRAM: a name without an account is asked with the iterations and the length of salt that accounts have', async () => {
  await using place = await saslRole(ACCOUNTS)
  const secret = formatScramSecret(makeScramSecret(Buffer.from('x'), {salt: Buffer.alloc(40, 7), iterations: 5000}))
  const settings = {stateDirectory: place.path('state', 'courier')}
  const shapeOf = async (at: Role, user: string) => {
    const {challenge} = challengeOf(await at.begin('SCRAM-SHA-256', `n,,n=${user},r=abc`))
    const [, salt = '', iterations] = /s=([^,]+),i=(\d+)$/.exec(challenge.toString()) ?? []
    return `${iterations} ${Buffer.from(salt, 'base64').length}`
  }
  const names = Array.from({length: 40}, (_, index) => `nobody-${index}`)
  const shapesOf = async (at: Role) => Promise.all(names.map((name) => shapeOf(at, name)))
  await using before = await saslRole(`${ACCOUNTS}moved\t${HOME}|scram-sha-256pw=${secret}\n`, settings)
  assert.equal(new Set(await shapesOf(before)), new Set(['15000 16']), 'as long as none is known, that of new secrets')
  assert.is(await shapeOf(before, 'user'), '4096 16')
  assert.equal(new Set(await shapesOf(before)), new Set(['4096 16']))
  assert.is(await shapeOf(before, 'moved'), '5000 40')
  const shapes = await shapesOf(before)
  assert.equal([...new Set(shapes)].sort(), ['4096 16', '5000 40'], 'of two, some have the one and some the other')
  assert.equal(await shapesOf(before), shapes)
  await using after = await saslRole(ACCOUNTS, settings)
  assert.equal(await shapesOf(after), shapes)
})

exchanges('steps tell whom the client claims to be, the same for an account as for none', async () => {
  await using at = await saslRole(ACCOUNTS, {defaultDomain: {domain: '@corp.example', separators: undefined}})
  for (const user of ['ann', 'nobody']) assert.is(challengeOf(await at.begin('SCRAM-SHA-256', `n,,n=${user},r=abc`)).user, user)
})

exchanges('SCRAM: the server answers an empty last message only', async () => {
  await using at = await saslRole(ACCOUNTS)
  const client = new ScramClient({user: 'user', password: 'pencil'})
  const first = challengeOf(await challengeOf(await at.begin('SCRAM-SHA-256')).answer(client.first))
  const second = challengeOf(await first.answer(client.final(first.challenge)))
  assert.is(await at.outcome(await second.answer(Buffer.from('x'))), 'bad-message')
})

for (const [title, identity, initial, answer, expected] of [
  ['no certificate', undefined, '', undefined, 'refused'],
  ['a certificate, asked again', 'ann@corp.example', undefined, '', 'ann@corp.example'],
  ['a certificate and an empty response, asked again', 'ann@corp.example', '', '', 'ann@corp.example'],
  ['a certificate and an answer that is not empty', 'ann@corp.example', '', 'ann@corp.example', 'bad-message'],
  ['a certificate and its own name', 'ann@corp.example', 'ann@corp.example', undefined, 'ann@corp.example'],
  ['a certificate and another name', 'ann@corp.example', 'user', undefined, 'refused'],
  ['a certificate of nobody', 'nobody', 'nobody', undefined, 'refused'],
  ['a certificate with another case', 'Ann@corp.example', 'Ann@corp.example', undefined, 'refused'],
] as const) {
  exchanges(`EXTERNAL with ${title}: ${expected}`, async () => {
    await using at = await saslRole(ACCOUNTS, {acceptsCertificates: true})
    let step: ExchangeStep = await at.begin('EXTERNAL', initial, {encrypted: true, certificateIdentity: identity})
    if (step.kind === 'challenge') step = await step.answer(Buffer.from(answer ?? ''))
    assert.is(await at.outcome(step), expected)
  })
}

exchanges('EXTERNAL is refused where certificates do not log in, whatever the front says', async () => {
  await using at = await saslRole(ACCOUNTS)
  assert.is(
    await at.outcome(await at.begin('EXTERNAL', 'ann@corp.example', {encrypted: true, certificateIdentity: 'ann@corp.example'})),
    'refused',
  )
})

exchanges('tokens and unknown mechanisms are refused where there are none', async () => {
  await using at = await saslRole(ACCOUNTS)
  for (const name of ['OAUTHBEARER', 'XOAUTH2', 'X-NONE', 'GSSAPI', 'constructor', ''])
    assert.is(await at.outcome(await at.begin(name)), 'refused')
})

exchanges('a database that is down makes every mechanism unavailable', async () => {
  await using at = await saslRole(ACCOUNTS, {acceptsCertificates: true})
  await writeFile(at.path('userdb.lmdb'), 'x')
  assert.is(await cram(at, 'ann@corp.example'), 'unavailable')
  assert.is(await scram(at, {user: 'user', password: 'pencil'}), 'unavailable')
  assert.is(await at.outcome(await at.begin('EXTERNAL', 'user', {encrypted: true, certificateIdentity: 'user'})), 'unavailable')
})

exchanges('any message gives a step', async () => {
  await using at = await saslRole(ACCOUNTS, {acceptsCertificates: true})
  const texts = fc.oneof(
    fc.uint8Array({maxLength: 80}).map((octets) => Buffer.from(octets)),
    fc.string({unit: fc.constantFrom(...'ny,=apcr\u0001é')}).map((text) => Buffer.from(text)),
  )
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('CRAM-MD5', 'SCRAM-SHA-256', 'SCRAM-SHA-256-PLUS', 'EXTERNAL'),
      texts,
      texts,
      async (name, one, other) => {
        let step = await at.begin(name, one, {...BOUND, certificateIdentity: 'x'})
        for (const message of [one, other, one]) if (step.kind === 'challenge') step = await step.answer(message)
        assert.ok(step.kind !== 'checked' || step.result.outcome !== 'accepted')
      },
    ),
    {numRuns: 150},
  )
})

exchanges('a wrong digest of CRAM costs the same for an account, an account without a context and a name without an account', async () => {
  await using at = await saslRole(ACCOUNTS)
  const users = ['ann@corp.example', 'plain', 'nobody']
  const spent = new Map(users.map((user) => [user, [] as number[]]))
  for (let round = 0; round < 150; round += 1) {
    for (const user of users) {
      const {challenge, answer} = challengeOf(await at.begin('CRAM-SHA256'))
      const response = cramResponse('sha256', user, {password: 'wrong', challenge})
      const began = process.hrtime.bigint()
      assert.is(await at.outcome(await answer(response)), 'refused')
      spent.get(user)?.push(Number(process.hrtime.bigint() - began) / 1000)
    }
  }
  const medians = users.map((user) => spent.get(user)?.sort((a, b) => a - b)[75] ?? 0)
  assert.ok(Math.max(...medians) - Math.min(...medians) < 1_000, medians.join(' '))
})

exchanges('a wrong proof costs the same for an account, an account without a secret and a name without an account', async () => {
  await using at = await saslRole(ACCOUNTS)
  const users = ['user', 'plain', 'nobody']
  const spent = new Map(users.map((user) => [user, [] as number[]]))
  const proof = randomBytes(32).toString('base64')
  for (let round = 0; round < 150; round += 1) {
    for (const user of users) {
      const began = process.hrtime.bigint()
      const {challenge, answer} = challengeOf(await at.begin('SCRAM-SHA-256', `n,,n=${user},r=abc`))
      await answer(Buffer.from(`c=biws,${/^r=[^,]+/.exec(challenge.toString())?.[0]},p=${proof}`))
      spent.get(user)?.push(Number(process.hrtime.bigint() - began) / 1000)
    }
  }
  const medians = users.map((user) => spent.get(user)?.sort((a, b) => a - b)[75] ?? 0)
  // Microseconds; nothing like the 10 ms of a password hash may show.
  assert.ok(Math.max(...medians) - Math.min(...medians) < 1_000, medians.join(' '))
})

exchanges.run()
