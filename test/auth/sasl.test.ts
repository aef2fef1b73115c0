import fc from 'fast-check'
import * as assert from 'uvu/assert'
import {decodeBase64} from '../../src/auth/base64.js'
import {type SaslReply, startSasl} from '../../src/auth/sasl/exchange.js'
import {findMechanism} from '../../src/auth/sasl/registry.js'
import {suite} from '../support/suite.js'

const sasl = suite('SASL')

const channel = {encrypted: false, certificateIdentity: undefined, bindings: new Map(), bindingAnnounced: false}

function mechanismOf(mechanism: string) {
  const begin = async () => ({kind: 'failed', reason: 'refused'}) as const
  return findMechanism({begin}, {service: 'imap', mechanism, remote: '192.0.2.1', channel})
}

/** What the server says to these client lines: challenges in base64, then the outcome. */
async function dialogue(name: string, initial: string | undefined, ...lines: (string | Buffer)[]): Promise<string[]> {
  const mechanism = mechanismOf(name)
  const said: string[] = []
  let reply: SaslReply = await startSasl(mechanism, initial === undefined ? undefined : Buffer.from(initial))
  for (;;) {
    if (reply.kind === 'challenge') said.push(`+ ${reply.challenge}`)
    if (reply.kind === 'credentials') return [...said, `${reply.credentials.user}:${reply.credentials.password.reveal()}`]
    if (reply.kind === 'failed') return [...said, reply.reason]
    if (reply.kind === 'checked') return [...said, reply.result.outcome]
    const line = lines.shift()
    if (line === undefined) return said
    reply = await reply.answer(Buffer.from(line))
  }
}

const b64 = (text: string) => Buffer.from(text, 'latin1').toString('base64')

for (const [title, name, initial, lines, expected] of [
  ['PLAIN without initial response', 'PLAIN', undefined, [b64('\0tim\0tanstaaf')], ['+ ', 'tim:tanstaaf']],
  ['PLAIN with initial response', 'plain', b64('\0tim\0tanstaaf'), [], ['tim:tanstaaf']],
  ['PLAIN ignores the authorization identity', 'PLAIN', b64('Ursel\0Kurt\0xipj3plmq'), [], ['Kurt:xipj3plmq']],
  ['PLAIN with an empty password', 'PLAIN', b64('\0tim\0'), [], ['tim:']],
  ['PLAIN with an empty initial response', 'PLAIN', '=', [], ['bad-message']],
  ['PLAIN with one NUL', 'PLAIN', b64('tim\0x'), [], ['bad-message']],
  ['PLAIN with three NULs', 'PLAIN', b64('\0tim\0x\0y'), [], ['bad-message']],
  ['PLAIN with a line feed in the password', 'PLAIN', b64('\0tim\0x\ny'), [], ['refused']],
  ['PLAIN with an empty name', 'PLAIN', b64('\0\0x'), [], ['refused']],
  ['PLAIN with a name that is not UTF-8', 'PLAIN', b64('\0j\xf6rg\0x'), [], ['refused']],
  ['PLAIN with a password that is not UTF-8', 'PLAIN', b64('\0tim\0\xf6'), [], ['tim:\xf6']],
  ['PLAIN cancelled', 'PLAIN', undefined, ['*'], ['+ ', 'cancelled']],
  ['PLAIN cancelled with more behind', 'PLAIN', undefined, ['* no'], ['+ ', 'cancelled']],
  ['PLAIN with broken base64', 'PLAIN', 'AHRp', [], ['bad-message']],
  ['PLAIN with white space in base64', 'PLAIN', undefined, ['AHRp bQ=='], ['+ ', 'bad-encoding']],
  ['LOGIN', 'LOGIN', undefined, [b64('tim'), b64('pw')], ['+ VXNlcm5hbWU6', '+ UGFzc3dvcmQ6', 'tim:pw']],
  ['LOGIN with the name at once', 'LOGIN', b64('tim'), [b64('pw')], ['+ UGFzc3dvcmQ6', 'tim:pw']],
  ['LOGIN with an empty name', 'LOGIN', '=', [b64('pw')], ['+ UGFzc3dvcmQ6', 'refused']],
  ['LOGIN cancelled at the password', 'LOGIN', undefined, [b64('tim'), '*'], ['+ VXNlcm5hbWU6', '+ UGFzc3dvcmQ6', 'cancelled']],
  ['LOGIN with a broken password', 'LOGIN', b64('tim'), ['x'], ['+ UGFzc3dvcmQ6', 'bad-encoding']],
  ['an unknown mechanism', 'X-NONE', undefined, [], ['refused']],
] as const) {
  sasl(title, async () => assert.equal(await dialogue(name, initial, ...lines), expected))
}

sasl('credentials do not show the password', async () => {
  const reply = await startSasl(mechanismOf('PLAIN'), Buffer.from(b64('\0tim\0tanstaaf')))
  assert.not.match(JSON.stringify(reply), 'tanstaaf')
})

sasl('base64 of any octets is read back, and only canonical groups are', () => {
  fc.assert(
    fc.property(fc.uint8Array({maxLength: 100}), (octets) => {
      const decoded = decodeBase64(Buffer.from(Buffer.from(octets).toString('base64')))
      assert.equal(decoded && [...decoded], [...octets])
    }),
  )
  for (const text of ['=', 'a', 'ab', 'abc', 'ab=', 'a===', '====', 'ab==cdef', 'ab\n=', 'ab-_', 'abcd\r\r']) {
    assert.is(decodeBase64(Buffer.from(text)), undefined, text)
  }
  assert.equal(decodeBase64(Buffer.from('YWI=\r'))?.toString(), 'ab')
  assert.equal(decodeBase64(Buffer.alloc(0))?.length, 0)
})

sasl('any message gives a step', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('PLAIN', 'LOGIN'),
      fc.uint8Array({maxLength: 64}),
      fc.uint8Array({maxLength: 64}),
      async (name, a, b) => {
        await dialogue(name, undefined, Buffer.from(a), Buffer.from(b), Buffer.from(b).toString('base64'))
      },
    ),
  )
})

sasl.run()
