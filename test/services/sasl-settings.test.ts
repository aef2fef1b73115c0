import {writeFileSync} from 'node:fs'
import {join} from 'node:path'
import * as assert from 'uvu/assert'
import {readAuthConfiguration} from '../../src/config/read-auth-configuration.js'
import {readConfiguration} from '../../src/config/read-configuration.js'
import {mechanismWarnings, possibleMechanisms} from '../../src/services/mechanism-warnings.js'
import {oauthSettings} from '../../src/services/oauth-settings.js'
import {suite} from '../support/suite.js'
import {temporaryDirectory} from '../support/temporary-directory.js'

const settings = suite('Settings of mechanisms')

/** How tokens are checked by this `authdaemonrc`, or why not. */
async function tokens(text: string): Promise<unknown> {
  using place = temporaryDirectory()
  writeFileSync(join(place.path, 'authdaemonrc'), `authmodulelist=authuserdb\n${text}`)
  const {settings: read, problems} = await readAuthConfiguration(place.path)
  assert.equal(problems, [])
  try {
    return oauthSettings(read)
  } catch (error) {
    return (error as Error).message
  }
}

settings('tokens are off unless there is a way to check them', async () => {
  assert.is(await tokens('OAUTH_AUDIENCE=imap\nOAUTH_ISSUER=x'), undefined)
  assert.is(await tokens('OAUTH_KEYS=\nOAUTH_INTROSPECTION_URL='), undefined)
})

settings('signed tokens need an audience', async () => {
  assert.match(String(await tokens('OAUTH_KEYS=/keys')), 'OAUTH_KEYS needs OAUTH_AUDIENCE')
  assert.equal(await tokens('OAUTH_KEYS=/keys\nOAUTH_AUDIENCE=imap'), {
    keys: '/keys',
    audience: 'imap',
    introspection: undefined,
    issuer: undefined,
    scope: undefined,
    userClaim: 'email',
    discovery: undefined,
  })
})

for (const [url, accepted] of [
  ['https://login.example.com/introspect', true],
  ['http://127.0.0.1:8080/introspect', true],
  ['http://localhost/', true],
  ['http://[::1]:80/', true],
  ['http://login.example.com/', false],
  ['http://127.0.0.1.example.com/', false],
  ['ftp://localhost/', false],
  ['login.example.com', false],
] as const) {
  settings(`OAUTH_INTROSPECTION_URL ${url} is ${accepted ? 'accepted' : 'refused'}`, async () => {
    const result = await tokens(
      `OAUTH_INTROSPECTION_URL="${url}"\nOAUTH_CLIENT_ID=me\nOAUTH_CLIENT_SECRETFILE=/secret\nOAUTH_TRUSTCERTS=/ca`,
    )
    if (!accepted) return assert.match(String(result), 'must be an https address')
    const {introspection} = result as {introspection: unknown}
    assert.equal(introspection, {url, clientId: 'me', clientSecretFile: '/secret', trustFile: '/ca'})
  })
}

settings('CRAM and SCRAM are not announced when no account source has secrets for them', () => {
  const all = ['CRAM-MD5', 'SCRAM-SHA-256', 'PLAIN', 'OAUTHBEARER']
  assert.equal(possibleMechanisms(all, ['authpam', 'authshadow']), ['PLAIN', 'OAUTHBEARER'])
  assert.equal(possibleMechanisms(all, ['authpam', 'authcram']), all)
  assert.equal(possibleMechanisms(all, ['authuserdb']), all)
})

for (const [title, text, expected] of [
  ['TLS_EXTERNAL without certificates', 'TLS_EXTERNAL=cn\nTLS_VERIFYPEER=NONE', /has no effect/],
  [
    'TLS_EXTERNAL with all public authorities',
    'TLS_EXTERNAL=cn\nTLS_VERIFYPEER=PEER\nTLS_TRUSTCERTS=/etc/ssl/certs/ca-certificates.crt',
    /everybody/,
  ],
  ['TLS_EXTERNAL with an own authority', 'TLS_EXTERNAL=cn\nTLS_VERIFYPEER=PEER\nTLS_TRUSTCERTS=/own', /^$/],
  ['no TLS_EXTERNAL', 'TLS_VERIFYPEER=PEER', /^$/],
] as const) {
  settings(`${title} is told`, async () => {
    using place = temporaryDirectory()
    writeFileSync(join(place.path, 'imapd'), '')
    writeFileSync(join(place.path, 'imapd-ssl'), text)
    const {imap} = await readConfiguration(place.path)
    assert.match(mechanismWarnings([], {settings: imap, modules: ['authpam']}).join(), expected)
    assert.match(mechanismWarnings(['CRAM-MD5'], {settings: imap, modules: ['authpam']}).join(), /^CRAM-MD5: not announced/)
  })
}

settings.run()
