/** What clients send over the wire to mechanisms of the auth role: base64, cancelling, empty lines. */
import * as assert from 'uvu/assert'
import {hmacContext} from '../../src/auth/hmac/context.js'
import {formatScramSecret, makeScramSecret} from '../../src/auth/scram/secret.js'
import {type ImapServer, imapServer} from '../support/imap-server.js'
import {suite} from '../support/suite.js'
import {cramResponse, ScramClient} from './support/sasl-client.js'
import {saslRole} from './support/sasl-role.js'

const wire = suite('SASL over IMAP', {limitMs: 15_000})

const SALT = Buffer.from('0123456789abcdef')
const ids = `uid=${process.getuid?.() || 1}|gid=${process.getgid?.() || 1}|home=/nowhere`
const SCRAM = formatScramSecret(makeScramSecret(Buffer.from('secret'), {salt: SALT, iterations: 4096}))
const USERDB = `alice\t${ids}|hmac-md5pw=${hmacContext('md5', Buffer.from('secret'))}|scram-sha-256pw=${SCRAM}\n`

const b64 = (text: string | Buffer) => Buffer.from(text).toString('base64')

interface Served extends AsyncDisposable {
  readonly server: ImapServer
  /** Sends a line; the server's next one. */
  say(line: string): Promise<string>
}

/** A server whose accounts are in a userdb. The account's mail is the test server's own. */
async function served(
  settings: NonNullable<Parameters<typeof imapServer>[0]>['settings'] = {},
  auth: Parameters<typeof saslRole>[1] = {},
): Promise<Served> {
  const role = await saslRole(USERDB, auth)
  const server: ImapServer = await imapServer({
    settings: {failedLoginMs: 20, ...settings},
    connection: {
      authenticator: role.auth,
      tickets: {redeem: async (ticket) => (await role.auth.redeem(ticket)) && server.account},
    },
  })
  const client = await server.connect()
  await client.lines.line()
  return {
    server,
    async say(line) {
      await client.send(`${line}\r\n`)
      return (await client.lines.line()) ?? 'END'
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]()
      await role[Symbol.asyncDispose]()
    },
  }
}

const REFUSED = 'a NO [AUTHENTICATIONFAILED] Login failed.'
const FIRST = b64('n,,n=alice,r=abcdef')

for (const [title, lines, expected] of [
  ['CRAM-MD5 cancelled', ['CRAM-MD5', '*'], 'a BAD AUTHENTICATE cancelled.'],
  ['CRAM-MD5 with an empty line', ['CRAM-MD5', ''], REFUSED],
  ['CRAM-MD5 with broken base64', ['CRAM-MD5', 'YWxpY2U'], 'a BAD Login failed.'],
  ['CRAM-MD5 with white space', ['CRAM-MD5', 'YWxp Y2U='], 'a BAD Login failed.'],
  ['CRAM-MD5 with an initial response', [`CRAM-MD5 ${b64('alice x')}`], REFUSED],
  ['CRAM-MD5 with an empty initial response', ['CRAM-MD5 =', '*'], 'a BAD AUTHENTICATE cancelled.'],
  ['CRAM-MD5 with a name only', ['CRAM-MD5', b64('alice')], REFUSED],
  ['SCRAM-SHA-256 cancelled at once', ['SCRAM-SHA-256', '*'], 'a BAD AUTHENTICATE cancelled.'],
  ['SCRAM-SHA-256 cancelled later', [`SCRAM-SHA-256 ${FIRST}`, '*'], 'a BAD AUTHENTICATE cancelled.'],
  ['SCRAM-SHA-256 with an empty first message', ['SCRAM-SHA-256 ='], REFUSED],
  ['SCRAM-SHA-256 with an empty line', ['SCRAM-SHA-256', ''], REFUSED],
  ['SCRAM-SHA-256 with an empty last message', [`SCRAM-SHA-256 ${FIRST}`, ''], REFUSED],
  ['SCRAM-SHA-256 with broken base64', [`SCRAM-SHA-256 ${FIRST}`, '===='], 'a BAD Login failed.'],
  ['SCRAM-SHA-256 with NULs', [`SCRAM-SHA-256 ${b64('n,,n=ali\0ce,r=abc')}`], REFUSED],
  [
    'SCRAM-SHA-256 with a name that is not UTF-8',
    [`SCRAM-SHA-256 ${Buffer.from('n,,n=\xff,r=abc', 'latin1').toString('base64')}`],
    REFUSED,
  ],
  ['EXTERNAL without a certificate', ['EXTERNAL ='], REFUSED],
  ['tokens in clear', ['OAUTHBEARER ='], REFUSED],
  ['a name longer than mechanisms have', [`${'X'.repeat(21)} =`], REFUSED],
] as const) {
  wire(title, async () => {
    await using at = await served()
    let answer = ''
    for (const [place, line] of lines.entries()) answer = await at.say(place === 0 ? `a AUTHENTICATE ${line}` : line)
    assert.is(answer, expected)
    assert.match(await at.say('b NOOP'), /^b OK/)
  })
}

wire('CRAM-MD5 and SCRAM-SHA-256 log in, in any case of the name', async () => {
  for (const mechanism of ['CRAM-MD5', 'cram-md5']) {
    await using at = await served()
    const challenge = Buffer.from((await at.say(`a AUTHENTICATE ${mechanism}`)).slice(2), 'base64')
    assert.is(await at.say(b64(cramResponse('md5', 'alice', {password: 'secret', challenge}))), 'a OK LOGIN Ok.')
  }
  for (const initial of [true, false]) {
    await using at = await served()
    const client = new ScramClient({user: 'alice', password: 'secret'})
    if (!initial) assert.is(await at.say('a authenticate scram-sha-256'), '+ ')
    const first = await at.say(initial ? `a AUTHENTICATE SCRAM-SHA-256 ${b64(client.first)}` : b64(client.first))
    const second = await at.say(b64(client.final(Buffer.from(first.slice(2), 'base64'))))
    assert.ok(client.trusts(Buffer.from(second.slice(2), 'base64')))
    assert.is(await at.say(''), 'a OK LOGIN Ok.')
  }
})

wire('tokens need encryption, and the client is told so', async () => {
  const oauth = {
    keys: '/nowhere',
    introspection: undefined,
    issuer: undefined,
    audience: 'x',
    scope: undefined,
    userClaim: 'email',
    discovery: undefined,
  }
  await using at = await served({}, {oauth})
  assert.is(await at.say('a AUTHENTICATE XOAUTH2 ='), 'a NO [PRIVACYREQUIRED] This mechanism needs an encrypted connection')
})

wire('mechanisms are announced as the configuration switches them on', async () => {
  const mechanisms = ['CRAM-MD5', 'SCRAM-SHA-256', 'XOAUTH2']
  await using at = await served({
    mechanisms: [...mechanisms.slice(0, 2), 'LOGIN', 'PLAIN'],
    mechanismsTls: mechanisms,
    capabilityHide: ['AUTH=LOGIN'],
  })
  assert.match(await at.say('a CAPABILITY'), / SASL-IR AUTH=SCRAM-SHA-256 AUTH=CRAM-MD5 AUTH=PLAIN UNSELECT /)
})

wire('a failure is told at a fixed time after the last line, however long the client thought', async () => {
  await using at = await served({failedLoginMs: 150})
  const {answer} = await (async () => {
    await at.say(`a AUTHENTICATE SCRAM-SHA-256 ${FIRST}`)
    await new Promise((done) => setTimeout(done, 100))
    const began = performance.now()
    assert.is(await at.say(b64('x')), REFUSED)
    return {answer: performance.now() - began}
  })()
  assert.ok(answer >= 145, String(answer))
})

wire.run()
