import {execFileSync} from 'node:child_process'
import {X509Certificate} from 'node:crypto'
import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import * as assert from 'uvu/assert'
import {certificateDigest} from '../../src/tls/certificate-digest.js'
import {makeSelfSigned} from '../../src/tls/self-signed.js'
import {runProgram} from '../support/run-program.js'
import {suite} from '../support/suite.js'
import {temporaryDirectory} from '../support/temporary-directory.js'

const facts = suite('Certificate digests')

const openssl = (await runProgram('openssl', ['version'])).code === 0

facts('the digest of our own certificates is SHA-256', () => {
  assert.is(certificateDigest(new X509Certificate(makeSelfSigned({names: ['x'], days: 1, now: new Date()}).certificatePem).raw), 'sha256')
})

for (const [title, args, expected] of [
  ['RSA with SHA-384', ['-newkey', 'rsa:2048', '-sha384'], 'sha384'],
  ['RSA with SHA-512', ['-newkey', 'rsa:2048', '-sha512'], 'sha512'],
  ['RSA with SHA-1', ['-newkey', 'rsa:2048', '-sha1'], 'sha256'],
  ['ECDSA with SHA-384', ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-sha384'], 'sha384'],
  ['Ed25519', ['-newkey', 'ed25519'], undefined],
  ['RSASSA-PSS', ['-newkey', 'rsa:2048', '-sigopt', 'rsa_padding_mode:pss', '-sha256'], undefined],
] as const) {
  facts.when(openssl, 'there is no openssl')(`${title}: ${expected}`, () => {
    using place = temporaryDirectory()
    const path = join(place.path, 'cert.pem')
    execFileSync('openssl', ['req', '-x509', '-nodes', '-subj', '/CN=x', '-keyout', join(place.path, 'key'), '-out', path, ...args], {
      stdio: 'pipe',
    })
    assert.is(certificateDigest(new X509Certificate(readFileSync(path)).raw), expected)
  })
}

facts('what is no certificate has none', () => {
  const whole = new X509Certificate(makeSelfSigned({names: ['x'], days: 1, now: new Date()}).certificatePem).raw
  for (let length = 0; length < whole.length; length += 7) assert.is(certificateDigest(whole.subarray(0, length)), undefined)
  for (const octets of [[], [0x30], [0x30, 0x80], [0x30, 0x84, 0xff, 0xff, 0xff, 0xff], [0x30, 0xff], [0x30, 0x02, 0x30, 0x00]]) {
    assert.is(certificateDigest(Buffer.from(octets)), undefined)
  }
})

facts.run()
