import {spawn} from 'node:child_process'
import {createPrivateKey, X509Certificate} from 'node:crypto'
import {once} from 'node:events'
import {chmodSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync} from 'node:fs'
import {join, resolve} from 'node:path'
import * as assert from 'uvu/assert'
import {makeCertificateTool} from '../../src/services/make-certificate-tool.js'
import {systemAccount} from '../../src/services/system-account.js'
import {isInstalled} from '../support/run-program.js'
import {suite} from '../support/suite.js'
import {temporaryDirectory} from '../support/temporary-directory.js'
import {runTool} from './support/run-tool.js'

const mkcert = suite('mkimapdcert')
const tool = makeCertificateTool('imapd')

const OPENSSL = `RANDFILE = /x/imapd.rand
[ req ]
default_bits = 2048
distinguished_name = req_dn
x509_extensions = cert_type
prompt = no
default_md = sha1
[ req_dn ]
C=US
0.O=Courier Mail Server # ours
CN=mail.example.com
emailAddress=postmaster@example.com
[ cert_type ]
nsCertType = server
subjectAltName = DNS:imap.example.com, IP:192.0.2.1
`
const GNUTLS = `organization = "Büro # 1"
state = "NY"
country = US
cn = "mail.example.org"
dns_name = "imap.example.org"
serial = 001
expiration_days = 30
tls_www_server
`

function load(path: string): {certificate: X509Certificate; fits: boolean; text: string} {
  const text = readFileSync(path, 'utf8')
  const certificate = new X509Certificate(text.slice(text.indexOf('-----BEGIN CERT')))
  return {certificate, fits: certificate.checkPrivateKey(createPrivateKey(text)), text}
}

mkcert('an empty directory: key, then certificate, 0600, for localhost; a second run changes nothing (example 46)', async () => {
  using directory = temporaryDirectory()
  const path = join(directory.path, 'imapd.pem')
  const first = await runTool(tool, {args: [], config: directory.path})
  assert.is(first.code, 0, first.err)
  assert.match(first.out, /^subject=CN=localhost\n/)
  assert.is(statSync(path).mode & 0o777, 0o600)
  const {certificate, fits, text} = load(path)
  assert.match(text, /^-----BEGIN PRIVATE KEY-----/)
  assert.ok(fits)
  assert.ok(certificate.verify(certificate.publicKey))
  assert.is(certificate.subjectAltName, 'DNS:localhost')
  assert.is(certificate.publicKey.asymmetricKeyDetails?.namedCurve, 'prime256v1')
  assert.is(Math.round((Date.parse(certificate.validTo) - Date.now()) / 86_400_000), 365)
  const second = await runTool(tool, {args: [], config: directory.path})
  assert.equal(second, {code: 1, out: `${path} already exists.\n`, err: ''})
  assert.is(readFileSync(path, 'utf8'), text)
  assert.equal(readdirSync(directory.path), ['imapd.pem'])
})

mkcert('reads the configuration of OpenSSL; --rsa takes its number of bits', async () => {
  using directory = temporaryDirectory()
  writeFileSync(join(directory.path, 'imapd.cnf'), OPENSSL)
  assert.is((await runTool(tool, {args: ['--rsa'], config: directory.path})).code, 0)
  const {certificate, fits} = load(join(directory.path, 'imapd.pem'))
  assert.is(certificate.subject, 'C=US\nO=Courier Mail Server\nCN=mail.example.com\nemailAddress=postmaster@example.com')
  assert.is(certificate.subjectAltName, 'DNS:mail.example.com, DNS:imap.example.com, IP Address:192.0.2.1')
  assert.is(certificate.publicKey.asymmetricKeyDetails?.modulusLength, 2048)
  assert.ok(fits)
  assert.ok(certificate.verify(certificate.publicKey))
})

mkcert('reads the template of GnuTLS', async () => {
  using directory = temporaryDirectory()
  writeFileSync(join(directory.path, 'imapd.cnf'), GNUTLS)
  assert.is((await runTool(tool, {args: [], config: directory.path})).code, 0)
  const {certificate} = load(join(directory.path, 'imapd.pem'))
  assert.is(certificate.subject, 'C=US\nST=NY\nO=Büro # 1\nCN=mail.example.org')
  assert.is(certificate.subjectAltName, 'DNS:mail.example.org, DNS:imap.example.org')
  assert.is(Math.round((Date.parse(certificate.validTo) - Date.now()) / 86_400_000), 30)
})

mkcert('--force renews and keeps the mode; a link is not replaced', async () => {
  using directory = temporaryDirectory()
  const path = join(directory.path, 'imapd.pem')
  writeFileSync(path, 'old')
  chmodSync(path, 0o640)
  const {code} = await runTool(tool, {args: ['--force', '--name', 'a.example', '--name=192.0.2.7'], config: directory.path})
  assert.is(code, 0)
  assert.is(statSync(path).mode & 0o777, 0o640)
  assert.is(load(path).certificate.subjectAltName, 'DNS:a.example, IP Address:192.0.2.7')
  symlinkSync(path, join(directory.path, 'other.pem'))
  const refused = await runTool(tool, {args: ['--force', join(directory.path, 'other')], config: directory.path})
  assert.is(refused.code, 1)
  assert.match(refused.err, /is a symbolic link/)
})

for (const [args, cnf, reason] of [
  [['--name', 'a b'], '', /"a b" is no host name/],
  [['--days', '0'], '', /number of days/],
  [['--bogus'], '', /--bogus/],
  [[], '[ req ]\nnonsense\n', /imapd\.cnf: line 2: "key = value" is expected/],
  [['--rsa'], '[req]\ndefault_bits = 512\n', /2048 to 8192 bits/],
] as const) {
  mkcert(`${args.join(' ') || 'a broken imapd.cnf'} is refused and leaves nothing: ${reason}`, async () => {
    using directory = temporaryDirectory()
    if (cnf) writeFileSync(join(directory.path, 'imapd.cnf'), cnf)
    const {code, err} = await runTool(tool, {args, config: directory.path})
    assert.is(code, 1)
    assert.match(err, reason)
    assert.not.ok(readdirSync(directory.path).some((name) => name.endsWith('.pem') || name.endsWith('.tmp')))
  })
}

const mailUser = process.geteuid?.() === 0 ? await systemAccount('courier') : undefined
mkcert.when(mailUser, 'it needs root and a user named courier')('the file is of the mail user, its group stays', async () => {
  using directory = temporaryDirectory()
  await runTool(tool, {args: [], config: directory.path})
  const {uid, gid} = statSync(join(directory.path, 'imapd.pem'))
  assert.equal([String(uid), gid], [mailUser?.uid, process.getgid?.()])
})

mkcert('two at once: one makes the file, the other finds it', async () => {
  using directory = temporaryDirectory()
  const codes = (await Promise.all([1, 2].map(() => runTool(tool, {args: [], config: directory.path})))).map(({code}) => code)
  assert.equal(codes.sort(), [0, 1])
  assert.ok(load(join(directory.path, 'imapd.pem')).fits)
})

mkcert.when(isInstalled('/usr/bin/script'), 'the program script is not installed')(
  'on a terminal the names are asked for, while the file says localhost',
  async () => {
    using directory = temporaryDirectory()
    writeFileSync(join(directory.path, 'imapd.cnf'), readFileSync(resolve('templates/imapd.cnf')))
    const child = spawn('script', ['-qfec', `${process.execPath} bin/run.js mkimapdcert --config ${directory.path}`, '/dev/null'], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: {...process.env, TERM: 'xterm'},
    })
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const asked = output.includes('Names of this server')
      output += text
      if (!asked && output.includes('Names of this server')) child.stdin.write('mail.example.com imap.example.com\r')
    })
    const [code] = await once(child, 'exit')
    assert.is(code, 0, output)
    assert.is(load(join(directory.path, 'imapd.pem')).certificate.subjectAltName, 'DNS:mail.example.com, DNS:imap.example.com')
  },
)

mkcert.run()
