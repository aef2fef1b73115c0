/** `testssl.sh` looks at our ports: what it finds must not be above low. */
import {appendFileSync, existsSync, readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import * as assert from 'uvu/assert'
import {configuredServer} from '../support/configured-server.js'
import {isLong} from '../support/is-long.js'
import {isInstalled, runProgram} from '../support/run-program.js'
import {startCourier} from '../support/server-process.js'
import {suite} from '../support/suite.js'

const testssl = suite('testssl.sh', {limitMs: 400_000})

const PROGRAM = ['/usr/bin/testssl', '/usr/bin/testssl.sh'].find(existsSync) ?? ''

/**
 * Nothing that can be said of a test's own certificate and name: chain, revocation, DNS; and where it tells that it cannot look
 * (it ends its client before a ticket of TLS 1.3 has come; `openssl.test.ts` shows that sessions resume). */
const EXCEPTED =
  /^(cert_chain_of_trust|cert_trust|cert_revocation|cert_crlDistributionPoints|cert_ocspURL|DNS_CAArecord|engine_problem|sessionresumption_ticket|overall_grade|scanProblem)/
const HARMLESS = ['OK', 'INFO', 'LOW', 'DEBUG']

interface Finding {
  readonly id: string
  readonly severity: string
  readonly finding: string
}

for (const [name, options] of [
  ['IMAP over TLS', []],
  ['STARTTLS', ['-t', 'imap']],
] as const) {
  const test = testssl.when(
    isLong && isInstalled(PROGRAM) && isInstalled('/usr/bin/openssl'),
    isLong ? 'testssl.sh is not installed' : 'it takes minutes: npm run test:long',
  )
  test(`${name}: nothing above low`, async () => {
    using server = await configuredServer()
    // An authority, and a certificate of it as public ones are.
    const authority = join(server.directory, 'ca.pem')
    const openssl = async (...args: string[]) => {
      const {code, stderr} = await runProgram('/usr/bin/openssl', args, {cwd: server.directory})
      assert.is(code, 0, stderr)
    }
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
    await openssl('req', '-x509', ...key, '-subj', '/CN=Test authority', '-days', '90', '-keyout', 'ca.key', '-out', 'ca.pem')
    await openssl('req', ...key, '-subj', '/CN=localhost', '-keyout', 'server.key', '-out', 'server.csr')
    writeFileSync(
      join(server.directory, 'names'),
      'subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\nbasicConstraints=CA:FALSE\n',
    )
    await openssl(
      'x509',
      '-req',
      '-in',
      'server.csr',
      '-CA',
      'ca.pem',
      '-CAkey',
      'ca.key',
      '-days',
      '80',
      '-sha256',
      '-extfile',
      'names',
      '-out',
      'server.pem',
    )
    const pem = ['server.key', 'server.pem'].map((file) => readFileSync(join(server.directory, file), 'utf8')).join('')
    writeFileSync(join(server.etc, 'imapd.pem'), pem)
    // It opens many connections at a time.
    server.set('imapd', {MAXPERIP: '100', MAXDAEMONS: '200'})
    appendFileSync(join(server.etc, 'imapd-ssl'), 'MAXPERIP=100\nMAXDAEMONS=200\n')
    await using process = startCourier(['serve', 'imap', 'imaps', '--config', server.etc], {env: server.env})
    assert.ok(await process.until('protocol=imaps'), process.errors())
    const report = join(server.directory, 'report.json')
    const port = options.length > 0 ? server.port : server.tlsPort
    const args = [
      '--warnings',
      'off',
      '--color',
      '0',
      '--quiet',
      '--add-ca',
      authority,
      '--jsonfile',
      report,
      ...options,
      `127.0.0.1:${port}`,
    ]
    const {stdout} = await runProgram(PROGRAM, args)
    const findings = JSON.parse(readFileSync(report, 'utf8')) as Finding[]
    assert.ok(findings.length > 100, stdout)
    const bad = findings.filter(({id, severity}) => !HARMLESS.includes(severity) && !EXCEPTED.test(id))
    assert.equal(
      bad.map(({id, severity, finding}) => `${severity} ${id}: ${finding}`),
      [],
    )
  })
}

testssl.run()
