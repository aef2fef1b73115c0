import {createHmac} from 'node:crypto'
import fc from 'fast-check'
import * as assert from 'uvu/assert'
import {type CramMethod, cramMatches, cramMethods, formatCramResponse, readCramResponse} from '../../src/auth/cram/cram.js'
import {hmacContext} from '../../src/auth/hmac/context.js'
import {hmacFromContext} from '../../src/auth/hmac/resume.js'
import {suite} from '../support/suite.js'

const cram = suite('CRAM')

const method = (mechanism: CramMethod['mechanism']) => cramMethods.find((each) => each.mechanism === mechanism)!

cram('a stored context gives the same HMAC as the password', () => {
  const octets = fc.uint8Array({maxLength: 200}).map((array) => Buffer.from(array))
  fc.assert(
    fc.property(fc.constantFrom(...cramMethods), octets, octets, ({digest}, password, message) => {
      const context = hmacContext(digest, password)
      assert.is(hmacFromContext(digest, context, message).toString('hex'), createHmac(digest, password).update(message).digest('hex'))
    }),
  )
})

cram('the example of RFC 2195 matches', () => {
  const challenge = Buffer.from('<1896.697170952@postoffice.reston.mci.net>')
  const response = readCramResponse(method('CRAM-MD5'), Buffer.from('tim b913a602c7eda7a495b4e6e7334d3890'))
  assert.is(response?.user.toString(), 'tim')
  const given = response?.digest ?? Buffer.alloc(0)
  const context = 'd06d4e1b26fccaa4b0b61801132340a354b21152711fb604ca3e035e7015116b'
  assert.is(cramMatches(method('CRAM-MD5'), {challenge, given}, {context, clearPassword: undefined}), true)
  assert.is(cramMatches(method('CRAM-MD5'), {challenge, given}, {context: context.toUpperCase(), clearPassword: undefined}), true)
  assert.is(cramMatches(method('CRAM-MD5'), {challenge, given}, {context: undefined, clearPassword: 'tanstaaftanstaaf'}), true)
  assert.is(cramMatches(method('CRAM-MD5'), {challenge, given}, {context: 'x', clearPassword: undefined}), false)
  assert.is(cramMatches(method('CRAM-SHA1'), {challenge, given}, {context: undefined, clearPassword: 'tanstaaftanstaaf'}), false)
})

// `spec/auth.md` §30, example 38.
const CHALLENGE = Buffer.from('<0123456789ABCDEF0123456789ABCDEF@mail.example.com>')
const SHA1_CONTEXT = '091e0f4c6cb5277ee2beb639a60d0831b5c8adcdaee172433df3e96ba4f00fb1b6a490c3929d2034'

for (const [mechanism, message, context, expected] of [
  [
    'CRAM-MD5',
    'ann@corp.example fb7df88c469b002d7337c77b9234e9a5',
    'cd3ba7deaad6e5ca23448ba42e379747a9e0f7f1fbc00c8a81bbaac395731b56',
    true,
  ],
  [
    'CRAM-MD5',
    'ann@corp.example fb7df88c469b002d7337c77b9234e9a6',
    'cd3ba7deaad6e5ca23448ba42e379747a9e0f7f1fbc00c8a81bbaac395731b56',
    false,
  ],
] as const) {
  cram(`${mechanism} ${message.slice(-12)} is ${expected}`, () => {
    const response = readCramResponse(method(mechanism), Buffer.from(message))
    const result =
      response && cramMatches(method(mechanism), {challenge: CHALLENGE, given: response.digest}, {context, clearPassword: undefined})
    assert.is(result, expected)
  })
}

cram('the example with SHA-1 matches', () => {
  const message = Buffer.from('YW5uQGNvcnAuZXhhbXBsZSBjNDEyOTFiNjQ2ZjY3YTUyZTE2MzNiMjU3YzJhMTA1OTQzOWFmZmI3', 'base64')
  const response = readCramResponse(method('CRAM-SHA1'), message)
  assert.ok(response)
  assert.is(
    cramMatches(method('CRAM-SHA1'), {challenge: CHALLENGE, given: response.digest}, {context: SHA1_CONTEXT, clearPassword: undefined}),
    true,
  )
  assert.is(formatCramResponse(response).toString(), message.toString())
})

cram('the name may hold spaces, the digest is hex of its length in either case', () => {
  const read = (text: string) => readCramResponse(method('CRAM-MD5'), Buffer.from(text))
  assert.is(read(`two words ${'aB'.repeat(16)}`)?.user.toString(), 'two words')
  for (const text of [
    '',
    'ann',
    `ann ${'a'.repeat(31)}`,
    `ann ${'a'.repeat(33)}`,
    `ann ${'g'.repeat(32)}`,
    `ann\t${'a'.repeat(32)}`,
    `ann ${'a'.repeat(32)} `,
  ]) {
    assert.is(read(text), undefined, text)
  }
})

cram('without a secret, or with an empty password, nothing matches', () => {
  for (const secrets of [
    undefined,
    {context: undefined, clearPassword: undefined},
    {context: undefined, clearPassword: ''},
    {context: '', clearPassword: ''},
  ]) {
    for (const key of [Buffer.alloc(0), Buffer.alloc(16)]) {
      const given = createHmac('md5', key).update(CHALLENGE).digest()
      assert.is(cramMatches(method('CRAM-MD5'), {challenge: CHALLENGE, given}, secrets), false)
    }
    const given = hmacFromContext('md5', '00'.repeat(32), CHALLENGE)
    assert.is(cramMatches(method('CRAM-MD5'), {challenge: CHALLENGE, given}, secrets), false)
  }
})

cram.run()
