import {execFileSync} from 'node:child_process'
import {existsSync} from 'node:fs'
import {createSecureContext} from 'node:tls'
import * as assert from 'uvu/assert'
import {readPriority} from '../../src/tls/gnutls-priority.js'
import {suite} from '../support/suite.js'

const priority = suite('GnuTLS priority strings')

priority('the shipped ones and the common levels are the defaults, without a word', () => {
  const defaults = readPriority('')
  for (const text of ['NORMAL', 'NORMAL:-CTYPE-OPENPGP', 'SECURE128', 'PFS', '@SYSTEM', 'NORMAL:%COMPAT', 'normal:-vers-ssl3.0']) {
    assert.equal(readPriority(text), defaults, text)
  }
  assert.is(defaults.minVersion, 'TLSv1.2')
  assert.is(defaults.groups, 'X25519:P-256:P-384:P-521')
})

for (const [text, versions] of [
  ['NORMAL:-VERS-TLS1.0:-VERS-TLS1.1', ['TLSv1.2', 'TLSv1.3']],
  ['NORMAL:-VERS-TLS-ALL:+VERS-TLS1.2', ['TLSv1.2', 'TLSv1.2']],
  ['NORMAL:-VERS-ALL:+VERS-TLS1.3', ['TLSv1.3', 'TLSv1.3']],
  ['NORMAL:!VERS-TLS1.2', ['TLSv1.3', 'TLSv1.3']],
  ['NONE:+VERS-TLS1.0:+VERS-TLS1.2:+AES-128-GCM:+ECDHE-RSA:+CURVE-ALL', ['TLSv1.2', 'TLSv1.2']],
] as const) {
  priority(`${text}: versions`, () => {
    const {minVersion, maxVersion, unknown} = readPriority(text)
    assert.equal([minVersion, maxVersion], versions)
    assert.equal(unknown, [])
  })
}

priority('ciphers, key exchange and groups are added and taken away', () => {
  assert.is(
    readPriority('NONE:+VERS-TLS1.2:+VERS-TLS1.3:+AES-256-GCM:+ECDHE-RSA:+ECDHE-ECDSA:+GROUP-X25519').ciphers,
    'TLS_AES_256_GCM_SHA384:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384',
  )
  assert.not.match(readPriority('NORMAL:-AES-128-CBC:-AES-256-CBC').ciphers, /-SHA(:|$)/)
  assert.match(readPriority('NORMAL:+RSA').ciphers, /:AES128-GCM-SHA256/)
  assert.is(readPriority('NORMAL:-CURVE-ALL:+CURVE-SECP384R1').groups, 'P-384')
  assert.is(readPriority('SECURE256').ciphers.includes('AES128'), false)
})

priority('what is not known is told, and what leaves nothing is not used', () => {
  assert.equal(readPriority('NORMAL:+FANCY-CIPHER:%ODD:AES-128-GCM').unknown, ['+FANCY-CIPHER', '%ODD', 'AES-128-GCM'])
  const empty = readPriority('NORMAL:-CIPHER-ALL')
  assert.is(empty.empty, 'leaves no ciphers')
  assert.is(empty.ciphers, readPriority('').ciphers)
  assert.is(readPriority('NORMAL:-VERS-ALL').empty, 'leaves no versions')
})

priority('whatever is read is accepted by OpenSSL', () => {
  const words = [
    'NORMAL',
    'NONE',
    'SECURE256',
    'SUITEB128',
    'SUITEB192',
    '+RSA',
    '-DHE-RSA',
    '+AES-128-CCM',
    '-VERS-TLS1.3',
    '+GROUP-X448',
    '-KX-ALL',
  ]
  for (const first of words) {
    for (const second of words) {
      const {ciphers, groups, minVersion, maxVersion} = readPriority(`${first}:${second}`)
      createSecureContext({ciphers, ecdhCurve: groups, minVersion, maxVersion, ca: []})
    }
  }
})

priority.when(existsSync('/usr/bin/openssl'), 'openssl is not installed')('every cipher of TLS 1.2 has a name that exists', () => {
  const all = execFileSync('/usr/bin/openssl', ['ciphers', 'ALL:@SECLEVEL=0'], {encoding: 'utf8'}).trim().split(':')
  const ours = readPriority('NORMAL:+RSA:+AES-128-CCM:+AES-256-CCM').ciphers.split(':')
  for (const name of ours) if (!name.startsWith('TLS_')) assert.ok(all.includes(name), name)
})

priority.run()
