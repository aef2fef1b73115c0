import * as assert from 'uvu/assert'
import {saslPrep} from '../../src/auth/scram/sasl-prep.js'
import {formatScramSecret, makeScramSecret, parseScramSecret} from '../../src/auth/scram/secret.js'
import {userdbpwTool} from '../../src/services/userdbpw-tool.js'
import {runTool} from '../commands/support/run-tool.js'
import {suite} from '../support/suite.js'

const scram = suite('SCRAM secrets')

// The example of RFC 7677 §3: password `pencil`.
const SALT = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64')
const STORED =
  'SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU='

scram('a secret is written as RFC 5803 has it, and read back', () => {
  const secret = makeScramSecret(Buffer.from('pencil'), {salt: SALT, iterations: 4096})
  assert.is(formatScramSecret(secret), STORED)
  assert.equal(parseScramSecret(STORED), secret)
  assert.equal(parseScramSecret(` scram-sha-256 $ ${STORED.slice(14).replace('==$', '== $ ')} `), secret)
})

for (const [title, text] of [
  ['nothing', ''],
  ['another mechanism', STORED.replace('256', '1')],
  ['too few iterations', STORED.replace('4096', '4095')],
  ['too many iterations', STORED.replace('4096', '99999999')],
  ['no salt', STORED.replace('W22ZaJ0SNY7soEsUEjb6gQ==', '')],
  ['a short key', STORED.replace('WG5d', '')],
  ['a missing key', STORED.slice(0, STORED.lastIndexOf(':'))],
  ['a hash', '$6$x$y'],
  ['a long line', `${STORED}${' '.repeat(100_000)}x`],
] as const) {
  scram(`${title} is no secret`, () => assert.is(parseScramSecret(text), undefined))
}

// RFC 4013 §3 and others.
for (const [title, given, expected] of [
  ['soft hyphens go away', 'I\u00adX', 'IX'],
  ['case stays', 'uSÉR', 'uSÉR'],
  ['compatible letters become one', '\u2168\u00aa', 'IXa'],
  ['other spaces become a space', 'a\u00a0b', 'a b'],
  ['composed forms', 'e\u0301', '\u00e9'],
  ['controls stay as they are', 'é\u0007', 'é\u0007'],
] as const) {
  scram(`SASLprep: ${title}`, () => assert.is(saslPrep(Buffer.from(given)).toString(), expected))
}

scram('SASLprep: what is not UTF-8 stays as it is', () => {
  assert.equal([...saslPrep(Buffer.from([0xf6, 0x20]))], [0xf6, 0x20])
})

scram('userdbpw -scram-sha-256 makes one, each time with another salt', async () => {
  const results = await Promise.all(['secret\n', 'secret\n'].map((input) => runTool(userdbpwTool, {args: ['-scram-sha-256'], input})))
  const secrets = results.map(({out}) => parseScramSecret(out.trim()))
  for (const secret of secrets) {
    assert.ok(secret)
    assert.equal(makeScramSecret(Buffer.from('secret'), secret), secret)
  }
  assert.not.equal(secrets[0]?.salt, secrets[1]?.salt)
})

scram.run()
