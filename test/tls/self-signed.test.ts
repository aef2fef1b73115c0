import {createPrivateKey, X509Certificate} from 'node:crypto'
import * as assert from 'uvu/assert'
import {makeSelfSigned} from '../../src/tls/self-signed.js'
import {suite} from '../support/suite.js'

const selfSigned = suite('Self-signed certificate')

selfSigned('is a P-256 certificate for the names, signed with its own key', () => {
  const now = new Date('2026-01-02T03:04:05Z')
  const {keyPem, certificatePem} = makeSelfSigned({names: ['mail.example.com', 'localhost', '127.0.0.1', '::1'], days: 365, now})
  const certificate = new X509Certificate(certificatePem)
  assert.is(certificate.subject, 'CN=mail.example.com')
  assert.is(certificate.issuer, certificate.subject)
  assert.is(certificate.subjectAltName, 'DNS:mail.example.com, DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1')
  assert.is(certificate.publicKey.asymmetricKeyDetails?.namedCurve, 'prime256v1')
  assert.ok(certificate.verify(certificate.publicKey), 'the signature holds')
  assert.ok(certificate.checkPrivateKey(createPrivateKey(keyPem)))
  assert.is(certificate.checkHost('localhost'), 'localhost')
  assert.is(certificate.checkIP('127.0.0.1'), '127.0.0.1')
  assert.is(new Date(certificate.validFrom).toISOString(), '2026-01-01T03:04:05.000Z')
  assert.is(new Date(certificate.validTo).toISOString(), '2027-01-02T03:04:05.000Z')
  assert.is(certificate.ca, false)
})

selfSigned('ends after 2049 too, and every one has another serial number', () => {
  const make = () => makeSelfSigned({names: ['localhost'], days: 36_500, now: new Date('2026-01-02T03:04:05Z')})
  const [one, other] = [make(), make()].map(({certificatePem}) => new X509Certificate(certificatePem))
  assert.match(one?.validTo ?? '', / 2125 /)
  assert.is.not(one?.serialNumber, other?.serialNumber)
  assert.match(one?.serialNumber ?? '', /^[4-7][0-9A-F]{31}$/)
})

selfSigned.run()
