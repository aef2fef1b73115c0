import {generateKeyPairSync} from 'node:crypto'
import {once} from 'node:events'
import {writeFileSync} from 'node:fs'
import {createServer, type IncomingMessage, type Server, type ServerResponse} from 'node:http'
import {createServer as createSecureServer} from 'node:https'
import type {AddressInfo} from 'node:net'
import * as assert from 'uvu/assert'
import type {ExchangeStep} from '../../src/auth/account.js'
import type {OAuthSettings} from '../../src/auth/oauth/create-verifier.js'
import {makeSelfSigned} from '../../src/tls/self-signed.js'
import {signedToken} from '../support/sasl-host.js'
import {suite} from '../support/suite.js'
import {HOME, saslRole} from './support/sasl-role.js'

const oauth = suite('OAUTHBEARER and XOAUTH2', {limitMs: 20_000})

const ACCOUNTS = `ann@corp.example\t${HOME}\nbob@corp.example\t${HOME}\na,b=c\t${HOME}\nroot\tuid=0|gid=0|home=/root\n`
const TLS = {encrypted: true}

const SETTINGS: OAuthSettings = {
  keys: undefined,
  introspection: undefined,
  issuer: undefined,
  audience: undefined,
  scope: undefined,
  userClaim: 'email',
  discovery: undefined,
}

interface Authority extends AsyncDisposable {
  readonly url: string
  readonly requests: string[]
}

/** An authorization server that answers with this. */
async function authority(
  answer: (form: URLSearchParams, response: ServerResponse) => void,
  tls?: {key: string; cert: string},
): Promise<Authority> {
  const requests: string[] = []
  const take = async (request: IncomingMessage, response: ServerResponse) => {
    let body = ''
    for await (const chunk of request) body += String(chunk)
    requests.push(`${request.method} ${request.headers.authorization ?? '-'} ${request.headers['content-type']} ${body}`)
    answer(new URLSearchParams(body), response)
  }
  const listen = (request: IncomingMessage, response: ServerResponse) => void take(request, response)
  const server: Server = tls ? createSecureServer(tls, listen) : createServer(listen)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const {port} = server.address() as AddressInfo
  return {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}/introspect`,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** Tokens are `active EMAIL`. */
function introspect(form: URLSearchParams, response: ServerResponse): void {
  const [word, email] = (form.get('token') ?? '').split('_')
  response.end(JSON.stringify(word === 'active' ? {active: true, email} : {active: false}))
}

const introspection = (url: string, more: Partial<NonNullable<OAuthSettings['introspection']>> = {}) => ({
  ...SETTINGS,
  introspection: {url, clientId: undefined, clientSecretFile: undefined, trustFile: undefined, ...more},
})

const bearer = (token: string, header = 'n,,') => `${header}\x01host=x\x01port=143\x01auth=Bearer ${token}\x01\x01`
const xoauth2 = (user: string, token: string) => `user=${user}\x01auth=Bearer ${token}\x01\x01`

type Role = Awaited<ReturnType<typeof saslRole>>

/** The error that the client is told, if it is, and how it ends. */
async function result(at: Role, step: ExchangeStep): Promise<string> {
  if (step.kind !== 'challenge') return at.outcome(step)
  return `${step.challenge} ${await at.outcome(await step.answer(Buffer.from([1])))}`
}

const INVALID = '{"status":"invalid_token"} refused'
const INVALID2 = '{"status":"401","schemes":"bearer"} refused'

for (const [mechanism, title, message, expected] of [
  ['OAUTHBEARER', 'a good token', bearer('active_ann@corp.example'), 'ann@corp.example'],
  ['OAUTHBEARER', 'the name of the token', bearer('active_ann@corp.example', 'n,a=ann@corp.example,'), 'ann@corp.example'],
  ['OAUTHBEARER', 'another name than the token', bearer('active_ann@corp.example', 'n,a=bob@corp.example,'), INVALID],
  ['OAUTHBEARER', 'a name with escapes', bearer('active_a,b=c', 'n,a=a=2Cb=3Dc,'), 'a,b=c'],
  ['OAUTHBEARER', 'a name with a wrong escape', bearer('active_a,b=c', 'n,a=a=2cb,'), 'bad-message'],
  ['OAUTHBEARER', 'no channel binding by choice', bearer('active_ann@corp.example', 'y,,'), 'ann@corp.example'],
  ['OAUTHBEARER', 'channel binding', bearer('active_ann@corp.example', 'p=tls-exporter,,'), 'bad-message'],
  ['OAUTHBEARER', 'a bad token', bearer('inactive'), INVALID],
  ['OAUTHBEARER', 'a token of nobody', bearer('active_nobody'), INVALID],
  ['OAUTHBEARER', 'a token of root', bearer('active_root'), 'refused'],
  ['OAUTHBEARER', 'no token', 'n,,\x01auth=\x01\x01', INVALID],
  ['OAUTHBEARER', 'no pairs', 'n,,\x01\x01', INVALID],
  ['OAUTHBEARER', 'another scheme', 'n,,\x01auth=Basic eDp5\x01\x01', 'bad-message'],
  ['OAUTHBEARER', 'a missing end', bearer('active_ann@corp.example').slice(0, -1), 'bad-message'],
  ['OAUTHBEARER', 'no header', '\x01auth=Bearer active_ann@corp.example\x01\x01', 'bad-message'],
  ['OAUTHBEARER', 'a NUL', bearer('active_ann\0'), 'bad-message'],
  ['OAUTHBEARER', 'an empty message', '', 'bad-message'],
  ['OAUTHBEARER', 'octets that are not UTF-8', Buffer.from([0x6e, 0xff]), 'bad-message'],
  ['XOAUTH2', 'a good token', xoauth2('ann@corp.example', 'active_ann@corp.example'), 'ann@corp.example'],
  ['XOAUTH2', 'another name than the token', xoauth2('bob@corp.example', 'active_ann@corp.example'), INVALID2],
  ['XOAUTH2', 'a bad token', xoauth2('ann@corp.example', 'x'), INVALID2],
  ['XOAUTH2', 'no token', xoauth2('ann@corp.example', ''), INVALID2],
  ['XOAUTH2', 'no name', xoauth2('', 'active_ann@corp.example'), 'bad-message'],
  ['XOAUTH2', 'the form of the other mechanism', bearer('active_ann@corp.example'), 'bad-message'],
] as const) {
  oauth(`${mechanism} with ${title}`, async () => {
    await using server = await authority(introspect)
    await using at = await saslRole(ACCOUNTS, {oauth: introspection(server.url)})
    assert.is(await result(at, await at.begin(mechanism, message, TLS)), expected)
  })
}

oauth('without an initial response an empty challenge asks for the message', async () => {
  await using server = await authority(introspect)
  await using at = await saslRole(ACCOUNTS, {oauth: introspection(server.url)})
  const step = await at.begin('OAUTHBEARER', undefined, TLS)
  assert.ok(step.kind === 'challenge' && step.challenge.length === 0)
  assert.is(await at.outcome(await step.answer(Buffer.from(bearer('active_bob@corp.example')))), 'bob@corp.example')
})

oauth('needs encryption, and looks at nothing before', async () => {
  await using server = await authority(introspect)
  await using at = await saslRole(ACCOUNTS, {oauth: introspection(server.url)})
  assert.is(await at.outcome(await at.begin('OAUTHBEARER', bearer('active_ann@corp.example'))), 'needs-encryption')
  assert.equal(server.requests, [])
})

oauth('clients without a token are told where to get one', async () => {
  await using at = await saslRole(ACCOUNTS, {oauth: {...introspection('http://127.0.0.1:1/'), scope: 'mail', discovery: 'https://x/'}})
  assert.is(
    await result(at, await at.begin('OAUTHBEARER', 'n,,\x01auth=\x01\x01', TLS)),
    '{"status":"invalid_token","scope":"mail","openid-configuration":"https://x/"} refused',
  )
  assert.is(
    await result(at, await at.begin('XOAUTH2', xoauth2('x', ''), TLS)),
    '{"status":"401","schemes":"bearer","scope":"mail"} refused',
  )
})

oauth('the default domain is appended to both names', async () => {
  await using server = await authority(introspect)
  const defaultDomain = {domain: '@corp.example', separators: undefined}
  await using at = await saslRole(ACCOUNTS, {oauth: introspection(server.url), defaultDomain})
  assert.is(await result(at, await at.begin('XOAUTH2', xoauth2('ann@corp.example', 'active_ann'), TLS)), 'ann@corp.example')
  assert.is(await result(at, await at.begin('XOAUTH2', xoauth2('ann', 'active_ann@corp.example'), TLS)), 'ann@corp.example')
})

oauth('introspection asks by POST, and proves who is asking', async () => {
  await using server = await authority(introspect)
  await using at = await saslRole(ACCOUNTS, {})
  writeFileSync(at.path('secret'), 'pass word:\n')
  await using role = await saslRole(ACCOUNTS, {oauth: introspection(server.url, {clientId: 'imap ä', clientSecretFile: at.path('secret')})})
  await role.begin('OAUTHBEARER', bearer('active_ann+1&x'), TLS)
  const expected = Buffer.from('imap+%C3%A4:pass+word%3A').toString('base64')
  assert.equal(server.requests, [
    `POST Basic ${expected} application/x-www-form-urlencoded token=active_ann%2B1%26x&token_type_hint=access_token`,
  ])
})

for (const [title, answer] of [
  ['an error', (_: unknown, response: ServerResponse) => response.writeHead(500).end('{"active":true,"email":"ann@corp.example"}')],
  ['a refusal of ourselves', (_: unknown, response: ServerResponse) => response.writeHead(401).end()],
  ['a redirection', (_: unknown, response: ServerResponse) => response.writeHead(302, {location: '/'}).end()],
  ['no JSON', (_: unknown, response: ServerResponse) => response.end('<html>')],
  ['JSON that says nothing', (_: unknown, response: ServerResponse) => response.end('[]')],
  ['an endless answer', (_: unknown, response: ServerResponse) => response.end(`{"active":true,"x":"${'x'.repeat(100_000)}"}`)],
  ['a closed connection', (_: unknown, response: ServerResponse) => response.destroy()],
] as const) {
  oauth(`${title} of the authorization server makes the login unavailable`, async () => {
    await using server = await authority((form, response) => void answer(form, response))
    await using at = await saslRole(ACCOUNTS, {oauth: introspection(server.url)})
    const step = await at.begin('OAUTHBEARER', bearer('active_ann@corp.example'), TLS)
    assert.is(await at.outcome(step), 'unavailable')
    assert.not.match(JSON.stringify(step) + at.log.lines.join(), 'active_ann')
  })
}

oauth('an authorization server that is not there makes the login unavailable', async () => {
  await using at = await saslRole(ACCOUNTS, {oauth: introspection('http://127.0.0.1:1/')})
  assert.is(await at.outcome(await at.begin('OAUTHBEARER', bearer('x'), TLS)), 'unavailable')
})

oauth('only the word true is active', async () => {
  for (const active of ['"true"', '1', 'null', '[true]']) {
    await using server = await authority((_, response) => response.end(`{"active":${active},"email":"ann@corp.example"}`))
    await using at = await saslRole(ACCOUNTS, {oauth: introspection(server.url)})
    assert.is(await result(at, await at.begin('OAUTHBEARER', bearer('x'), TLS)), INVALID, active)
  }
})

oauth('https: the certificate is checked', async () => {
  const {keyPem: key, certificatePem: cert} = makeSelfSigned({names: ['127.0.0.1'], days: 1, now: new Date()})
  await using server = await authority(introspect, {key, cert})
  await using at = await saslRole(ACCOUNTS, {})
  writeFileSync(at.path('ca.pem'), cert)
  await using trusting = await saslRole(ACCOUNTS, {oauth: introspection(server.url, {trustFile: at.path('ca.pem')})})
  assert.is(await result(trusting, await trusting.begin('OAUTHBEARER', bearer('active_ann@corp.example'), TLS)), 'ann@corp.example')
  await using careful = await saslRole(ACCOUNTS, {oauth: introspection(server.url)})
  assert.is(await careful.outcome(await careful.begin('OAUTHBEARER', bearer('active_ann@corp.example'), TLS)), 'unavailable')
})

oauth('signed tokens are checked with keys, others by introspection', async () => {
  const {publicKey, privateKey} = generateKeyPairSync('ed25519')
  await using server = await authority(introspect)
  await using place = await saslRole(ACCOUNTS, {})
  writeFileSync(place.path('keys'), publicKey.export({format: 'pem', type: 'spki'}))
  const keys = {...SETTINGS, keys: place.path('keys'), audience: 'imap'}
  const exp = Math.floor(Date.now() / 1000) + 60
  const good = signedToken(privateKey, {aud: 'imap', email: 'ann@corp.example', exp})
  const old = signedToken(privateKey, {aud: 'imap', email: 'ann@corp.example', exp: exp - 600})
  await using both = await saslRole(ACCOUNTS, {
    oauth: {...introspection(server.url), ...keys, introspection: introspection(server.url).introspection, audience: 'imap'},
  })
  assert.is(await result(both, await both.begin('OAUTHBEARER', bearer(good), TLS)), 'ann@corp.example')
  assert.is(await result(both, await both.begin('OAUTHBEARER', bearer(old), TLS)), INVALID)
  assert.is(server.requests.length, 0)
  assert.is(
    await result(both, await both.begin('OAUTHBEARER', bearer('active_ann@corp.example'), TLS)),
    INVALID,
    'introspection names no audience',
  )
  assert.is(server.requests.length, 1)
  await using alone = await saslRole(ACCOUNTS, {oauth: keys})
  assert.is(await result(alone, await alone.begin('XOAUTH2', xoauth2('ann@corp.example', good), TLS)), 'ann@corp.example')
  assert.is(await result(alone, await alone.begin('OAUTHBEARER', bearer('active_ann@corp.example'), TLS)), INVALID)
  writeFileSync(place.path('keys'), '')
  assert.is(await alone.outcome(await alone.begin('OAUTHBEARER', bearer(good), TLS)), 'unavailable')
})

oauth('no token is logged', async () => {
  await using server = await authority(introspect)
  await using at = await saslRole(ACCOUNTS, {oauth: introspection(server.url)})
  for (const token of ['inactive-marker', 'active_nobody-marker']) await at.begin('OAUTHBEARER', bearer(token), TLS)
  assert.is(at.log.lines.length, 2)
  assert.not.match(at.log.lines.join(), 'marker')
})

oauth.run()
