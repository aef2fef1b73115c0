import {createHmac, generateKeyPairSync, type KeyObject, sign} from 'node:crypto'
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import fc from 'fast-check'
import * as assert from 'uvu/assert'
import {judgeClaims} from '../../src/auth/oauth/claims.js'
import {looksLikeJwt, readJwt} from '../../src/auth/oauth/json-web-token.js'
import {KeyFile, parseTokenKeys} from '../../src/auth/oauth/key-file.js'
import {makeSelfSigned} from '../../src/tls/self-signed.js'
import {suite} from '../support/suite.js'

const tokens = suite('OAuth tokens')

const rsa = generateKeyPairSync('rsa', {modulusLength: 2048})
const smallRsa = generateKeyPairSync('rsa', {modulusLength: 1024})
const ec = generateKeyPairSync('ec', {namedCurve: 'P-256'})
const otherCurve = generateKeyPairSync('ec', {namedCurve: 'P-384'})
const ed = generateKeyPairSync('ed25519')
const stranger = generateKeyPairSync('ed25519')

const jwk = (key: KeyObject, more: object = {}) => ({...key.export({format: 'jwk'}), ...more})
const SET = JSON.stringify({
  keys: [
    jwk(rsa.publicKey, {kid: 'r', use: 'sig', alg: 'RS256'}),
    jwk(ec.publicKey, {kid: 'e'}),
    jwk(ed.publicKey, {kid: 'd'}),
    jwk(stranger.publicKey, {kid: 'x', use: 'enc'}),
    jwk(smallRsa.publicKey, {kid: 's'}),
    jwk(otherCurve.publicKey, {kid: 'o'}),
    {kty: 'oct', k: 'c2VjcmV0', kid: 'h'},
    {kty: 'RSA', n: 'x'},
    null,
    'text',
  ],
})
const KEYS = parseTokenKeys(SET)

const encode = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

type Signer = (signed: Buffer) => Buffer

const SIGNERS: Record<string, Signer> = {
  RS256: (signed) => sign('sha256', signed, rsa.privateKey),
  ES256: (signed) => sign('sha256', signed, {key: ec.privateKey, dsaEncoding: 'ieee-p1363'}),
  EdDSA: (signed) => sign(null, signed, ed.privateKey),
}

function token(header: unknown, claims: unknown, signer: Signer): string {
  const signed = `${encode(header)}.${encode(claims)}`
  return `${signed}.${signer(Buffer.from(signed)).toString('base64url')}`
}

tokens('keys that can check signatures are taken from a set, others are left out', () => {
  assert.equal(
    KEYS.map(({id}) => id),
    ['r', 'e', 'd'],
  )
})

tokens('keys are taken from PEM: public keys and certificates', () => {
  const pem = [rsa.publicKey, ec.publicKey, ed.publicKey, smallRsa.publicKey]
    .map((key) => key.export({format: 'pem', type: 'spki'}))
    .join('text\n')
  assert.equal(
    parseTokenKeys(pem + makeSelfSigned({names: ['x'], days: 1, now: new Date()}).certificatePem).map(({key}) => key.asymmetricKeyType),
    ['rsa', 'ec', 'ed25519', 'ec'],
  )
  assert.equal(parseTokenKeys('-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n'), [])
})

for (const [alg, signer] of Object.entries(SIGNERS)) {
  tokens(`${alg}: a signature by a known key gives the claims, any change does not`, () => {
    const good = token({alg, typ: 'JWT'}, {sub: 'x'}, signer)
    assert.equal(readJwt(good, KEYS), {outcome: 'claims', claims: {sub: 'x'}})
    const [head = '', , tail = ''] = good.split('.')
    for (const bad of [`${head}.${encode({sub: 'y'})}.${tail}`, `${good}AA`, good.slice(0, -8), `${head}.${good.split('.')[1]}.`]) {
      assert.is(readJwt(bad, KEYS).outcome, 'invalid', bad)
    }
    assert.is(readJwt(good, []).outcome, 'invalid')
  })
}

const CLAIMS = {sub: 'x'}
const publicPem = rsa.publicKey.export({format: 'pem', type: 'spki'})

for (const [title, text] of [
  ['no signature', `${encode({alg: 'none'})}.${encode(CLAIMS)}.`],
  ['the algorithm "none" and a signature', token({alg: 'none'}, CLAIMS, SIGNERS.EdDSA!)],
  [
    'HMAC with the public key as secret',
    token({alg: 'HS256'}, CLAIMS, (signed) => createHmac('sha256', publicPem).update(signed).digest()),
  ],
  ['an algorithm that does not belong to the key', token({alg: 'ES256'}, CLAIMS, SIGNERS.EdDSA!)],
  ['the key id of another key', token({alg: 'EdDSA', kid: 'r'}, CLAIMS, SIGNERS.EdDSA!)],
  ['an unknown key', token({alg: 'EdDSA', kid: 'd'}, CLAIMS, (signed) => sign(null, signed, stranger.privateKey))],
  ['a key that is for encryption', token({alg: 'EdDSA', kid: 'x'}, CLAIMS, (signed) => sign(null, signed, stranger.privateKey))],
  ['a critical extension', token({alg: 'EdDSA', crit: ['exp']}, CLAIMS, SIGNERS.EdDSA!)],
  ['another type', token({alg: 'EdDSA', typ: 'dpop+jwt'}, CLAIMS, SIGNERS.EdDSA!)],
  ['an algorithm that is no text', token({alg: ['EdDSA']}, CLAIMS, SIGNERS.EdDSA!)],
  ['claims that are a list', token({alg: 'EdDSA'}, [1], SIGNERS.EdDSA!)],
  ['claims that are no JSON', token({alg: 'EdDSA'}, '{', SIGNERS.EdDSA!)],
  ['a header that is no JSON', token('{', CLAIMS, SIGNERS.EdDSA!)],
  ['an ECDSA signature in DER', token({alg: 'ES256'}, CLAIMS, (signed) => sign('sha256', signed, ec.privateKey))],
  ['an all-zero ECDSA signature', token({alg: 'ES256'}, CLAIMS, () => Buffer.alloc(64))],
  ['five parts', 'a.b.c.d.e'],
  ['nothing', ''],
] as const) {
  tokens(`a token with ${title} is not accepted`, () => assert.is(readJwt(text, KEYS).outcome, 'invalid'))
}

tokens('a token with a key id, and one of a type for access tokens, are accepted', () => {
  assert.is(readJwt(token({alg: 'EdDSA', kid: 'd', typ: 'at+JWT'}, CLAIMS, SIGNERS.EdDSA!), KEYS).outcome, 'claims')
  assert.ok(looksLikeJwt('a.b.c'))
  for (const text of ['', 'a.b', 'a.b.c.d', 'a.b.', 'a b.c.d']) assert.not(looksLikeJwt(text), text)
})

tokens('any text gives an answer', () => {
  fc.assert(
    fc.property(fc.string(), fc.json(), fc.json(), (text, head, body) => {
      assert.is(readJwt(text, KEYS).outcome, 'invalid')
      assert.is(readJwt(`${encode(head)}.${encode(body)}.${encode(text)}`, KEYS).outcome, 'invalid')
      judgeClaims({exp: 1, aud: [text], email: text}, RULES, {nowSeconds: 0, selfContained: true})
    }),
  )
})

const NOW = 1_800_000_000
const RULES = {issuer: 'https://login.example.com', audience: 'imap', scope: 'mail imap', userClaim: 'email'}
const GOOD = {
  iss: RULES.issuer,
  aud: 'imap',
  scope: 'imap other mail',
  email: 'ann@corp.example',
  exp: NOW + 60,
  nbf: NOW - 60,
  iat: NOW - 60,
}

for (const [title, change, selfContained, expected] of [
  ['good claims', {}, true, 'ann@corp.example'],
  ['several audiences', {aud: ['x', 'imap']}, true, 'ann@corp.example'],
  ['scopes as a list', {scope: undefined, scp: ['imap', 'mail']}, true, 'ann@corp.example'],
  ['an end within the leeway', {exp: NOW - 29}, true, 'ann@corp.example'],
  ['an end before it', {exp: NOW - 30}, true, 'invalid'],
  ['an end that is text', {exp: String(NOW + 60)}, true, 'invalid'],
  ['an end that is not a number', {exp: Number.NaN}, true, 'invalid'],
  ['no end', {exp: undefined}, true, 'invalid'],
  ['no end, from introspection', {exp: undefined}, false, 'ann@corp.example'],
  ['a past end, from introspection', {exp: 5}, false, 'invalid'],
  ['an end that is text, from introspection', {exp: 'x'}, false, 'invalid'],
  ['a begin within the leeway', {nbf: NOW + 30}, true, 'ann@corp.example'],
  ['a begin after it', {nbf: NOW + 31}, true, 'invalid'],
  ['a begin that is text', {nbf: 'x'}, true, 'invalid'],
  ['another issuer', {iss: 'https://login.example.com/'}, true, 'invalid'],
  ['no issuer', {iss: undefined}, true, 'invalid'],
  ['no issuer, from introspection', {iss: undefined}, false, 'ann@corp.example'],
  ['another issuer, from introspection', {iss: 'x'}, false, 'invalid'],
  ['another audience', {aud: 'imaps'}, true, 'invalid'],
  ['no audience', {aud: undefined}, true, 'invalid'],
  ['no audience, from introspection', {aud: undefined}, false, 'invalid'],
  ['an audience that is an object', {aud: {imap: 1}}, true, 'invalid'],
  ['a scope that lacks a word', {scope: 'imapx mail'}, true, 'invalid'],
  ['no user', {email: undefined}, true, 'invalid'],
  ['an empty user', {email: ''}, true, 'invalid'],
  ['a user that is a number', {email: 5}, true, 'invalid'],
  ['a user with a line feed', {email: 'a\nb'}, true, 'invalid'],
  ['an address that is not verified', {email_verified: false}, true, 'invalid'],
  ['an address that is not verified, told as text', {email_verified: 'false'}, true, 'invalid'],
  ['an address of which nobody knows whether it is verified', {email_verified: null}, true, 'invalid'],
  ['an address that is verified, told as text', {email_verified: 'true'}, true, 'ann@corp.example'],
  ['an address that is verified', {email_verified: true}, true, 'ann@corp.example'],
] as const) {
  tokens(`${title}: ${expected}`, () => {
    const claims = Object.fromEntries(Object.entries({...GOOD, ...change}).filter(([, value]) => value !== undefined))
    const result = judgeClaims(claims, RULES, {nowSeconds: NOW, selfContained})
    assert.is(result.outcome === 'valid' ? result.user : result.outcome, expected)
  })
}

tokens('another claim can be the user, inherited properties cannot', () => {
  const options = {nowSeconds: NOW, selfContained: true}
  assert.equal(judgeClaims({...GOOD, sub: 'ann'}, {...RULES, userClaim: 'sub'}, options), {outcome: 'valid', user: 'ann'})
  assert.is(judgeClaims(GOOD, {...RULES, userClaim: 'toString'}, options).outcome, 'invalid')
})

tokens('a key file that changes counts at once, one without keys is an error', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'courier-keys-'))
  try {
    const path = join(directory, 'keys')
    const file = new KeyFile(path)
    const failure = () => file.keys().then(String, (error: Error) => error.message)
    assert.match(await failure(), 'No such file')
    writeFileSync(path, SET)
    assert.is((await file.keys()).length, 3)
    assert.is(await file.keys(), await file.keys())
    writeFileSync(path, JSON.stringify({keys: [jwk(ed.publicKey)]}))
    assert.is((await file.keys()).length, 1)
    for (const [text, expected] of [
      ['{"keys": [', 'Cannot read the keys'],
      ['{}', 'no public key'],
      ['', 'no public key'],
      [' '.repeat(1_048_577), 'larger than'],
    ] as const) {
      writeFileSync(path, text)
      assert.match(await failure(), expected)
    }
  } finally {
    rmSync(directory, {recursive: true})
  }
})

tokens.run()
