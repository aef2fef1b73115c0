import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import * as assert from 'uvu/assert'
import {Settings} from '../../src/config/settings.js'
import type {Assignment} from '../../src/config/shell-file.js'
import {loadCertificate} from '../../src/tls/load-certificate.js'
import {makeSelfSigned} from '../../src/tls/self-signed.js'
import {readTlsRules} from '../../src/tls/tls-rules.js'
import {suite} from '../support/suite.js'

const certificate = suite('Certificates')

const one = makeSelfSigned({names: ['localhost'], days: 2, now: new Date()})
const other = makeSelfSigned({names: ['localhost'], days: 2, now: new Date()})

async function inDirectory(files: Record<string, string>, act: (path: (name: string) => string) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'courier-tls-'))
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text)
    await act((name) => join(directory, name))
  } finally {
    rmSync(directory, {recursive: true})
  }
}

async function failure(act: () => Promise<unknown>): Promise<string> {
  try {
    await act()
  } catch (error) {
    return (error as Error).message
  }
  return 'no failure'
}

function settings(values: Record<string, string>): Settings {
  const all = new Map(
    Object.entries(values).map(([name, value]): [string, Assignment] => [name, {name, value, file: 'imapd-ssl', line: 1}]),
  )
  return new Settings({start: all, session: all})
}

certificate('key and certificate in one file, in any order, with text around them', async () => {
  await inDirectory(
    {'a.pem': `Some text\n${one.keyPem}\n\nmore\n${one.certificatePem}`, 'b.pem': one.certificatePem + one.keyPem},
    async (path) => {
      for (const name of ['a.pem', 'b.pem']) {
        const loaded = await loadCertificate({certificate: path(name), keys: []})
        assert.is(`${loaded.cert}\n`, one.certificatePem)
      }
    },
  )
})

certificate('the key file is used if it can be read, else the certificate file', async () => {
  await inDirectory(
    {'c.pem': one.certificatePem + one.keyPem, 'k.pem': one.keyPem, 'only.pem': other.certificatePem, 'other.pem': other.keyPem},
    async (path) => {
      await loadCertificate({certificate: path('c.pem'), keys: [path('k.pem')]})
      await loadCertificate({certificate: path('c.pem'), keys: [path('missing.pem')]})
      await loadCertificate({certificate: path('only.pem'), keys: [path('other.pem')]})
      assert.match(
        await failure(() => loadCertificate({certificate: path('only.pem'), keys: [path('k.pem')]})),
        /only\.pem: The private key does not belong/,
      )
      assert.match(
        await failure(() => loadCertificate({certificate: path('only.pem'), keys: []})),
        /only\.pem: There is no private key in the file, and no/,
      )
    },
  )
})

certificate('every unusable file has its message', async () => {
  const broken = one.certificatePem.replace(/\n.{10}/, '\n')
  const files = {
    'empty.pem': '',
    'broken.pem': broken + one.keyPem,
    'key.pem': `${one.certificatePem}-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n`,
  }
  await inDirectory(
    {...files, 'enc.pem': `${one.certificatePem}-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n`},
    async (path) => {
      for (const [name, text] of [
        ['missing.pem', /missing\.pem: There is no such certificate file/],
        ['empty.pem', /empty\.pem: There is no certificate in the file/],
        ['broken.pem', /broken\.pem: The certificate cannot be read/],
        ['key.pem', /key\.pem: The private key cannot be read/],
        ['enc.pem', /enc\.pem: The key is encrypted/],
      ] as const) {
        assert.match(await failure(() => loadCertificate({certificate: path(name), keys: []})), text)
      }
    },
  )
})

/** `spec/server-config-tls.md` §5.2. */
for (const [values, expected] of [
  [{}, {version: 'TLSv1.2', warnings: 0}],
  [{TLS_PROTOCOL: 'TLSv1.2++'}, {version: 'TLSv1.2', warnings: 0}],
  [{TLS_PROTOCOL: 'TLSv1.3'}, {version: 'TLSv1.3', warnings: 0}],
  [{TLS_PROTOCOL: 'SSL23'}, {version: 'TLSv1.2', warnings: 1}],
  [
    {TLS_PROTOCOL: 'TLSv1.2', TLS_STARTTLS_PROTOCOL: 'TLSv1.3'},
    {version: 'TLSv1.3', warnings: 0},
  ],
  [{TLS_CIPHER_LIST: 'NONSENSE'}, {version: 'TLSv1.2', warnings: 1}],
  [{TLS_CIPHER_LIST: 'TLSv1:HIGH:!LOW:!MEDIUM:!EXP:!NULL:!aNULL@STRENGTH'}, {version: 'TLSv1.2', warnings: 0}],
] as const) {
  certificate(`rules of ${JSON.stringify(values)}`, async () => {
    const {rules, warnings} = readTlsRules(settings({TLS_CERTFILE: '/x.pem', TLS_VERIFYPEER: 'NONE', ...values}), {startTls: true})
    assert.is(rules.parameters.minVersion, expected.version)
    assert.is(warnings.length, expected.warnings)
  })
}

certificate('client certificates need authorities', async () => {
  const rules = (values: Record<string, string>) => readTlsRules(settings({TLS_CERTFILE: '/x.pem', ...values}), {startTls: false})
  assert.match(await failure(async () => rules({TLS_VERIFYPEER: 'REQUIREPEER'})), /TLS_TRUSTCERTS is not set/)
  const peer = rules({})
  assert.is(peer.rules.parameters.verifyPeer, 'none')
  assert.match(peer.warnings[0] ?? '', /clients are not asked/)
  assert.is(rules({TLS_TRUSTCERTS: '/ca.pem'}).rules.files.trust, '/ca.pem')
  assert.match(await failure(async () => readTlsRules(settings({}), {startTls: false})), /TLS_CERTFILE is not set/)
})

certificate.run()
