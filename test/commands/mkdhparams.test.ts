import {linkSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {Readable} from 'node:stream'
import * as assert from 'uvu/assert'
import {mkdhparamsTool} from '../../src/services/mkdhparams-tool.js'
import {LineInput} from '../../src/support/line-input.js'
import {ffdhePrime} from '../../src/tls/dh-groups.js'
import {isInstalled, runProgram} from '../support/run-program.js'
import {suite} from '../support/suite.js'
import {temporaryDirectory} from '../support/temporary-directory.js'

const mkdhparams = suite('mkdhparams')
const openssl = '/usr/bin/openssl'

async function run(env: NodeJS.ProcessEnv, ...args: string[]): Promise<{code: number; out: string; err: string}> {
  let [out, err] = ['', '']
  const code = await mkdhparamsTool(args, {
    program: 'PROG',
    env: {COURIER_CONFIG: '/nonexistent', ...env},
    out: (text) => {
      out += text
    },
    err: (text) => {
      err += text
    },
    input: new LineInput(Readable.from([]), 1024),
    inputIsTerminal: false,
    errorsAreTerminal: false,
  })
  return {code, out, err}
}

function age(path: string, hours: number): void {
  const when = Date.now() / 1000 - hours * 3600
  utimesSync(path, when, when)
}

const SILENT = {code: 0, out: '', err: ''}

mkdhparams('a file 25 days and 23 hours old stays, one of 26 days is replaced, 0600, nothing else is left (example 47)', async () => {
  using directory = temporaryDirectory()
  const path = join(directory.path, 'd.pem')
  writeFileSync(path, 'old', {mode: 0o644})
  linkSync(path, join(directory.path, 'd.pem.dist'))
  age(path, 25 * 24 + 23)
  assert.equal(await run({TLS_DHPARAMS: path, DH_BITS: '2048'}, '--ffdhe'), SILENT)
  assert.is(readFileSync(path, 'utf8'), 'old')
  age(path, 26 * 24)
  assert.equal(await run({TLS_DHPARAMS: path, DH_BITS: '2048'}, '--ffdhe'), SILENT)
  assert.match(readFileSync(path, 'utf8'), /^-----BEGIN DH PARAMETERS-----\n/)
  assert.is(statSync(path).mode & 0o777, 0o600)
  assert.is(readFileSync(join(directory.path, 'd.pem.dist'), 'utf8'), 'old')
  assert.equal(readdirSync(directory.path).sort(), ['d.pem', 'd.pem.dist'])
})

mkdhparams.when(isInstalled(openssl), 'openssl is not installed')(
  'a new prime of DH_BITS=low satisfies openssl dhparam -check',
  async () => {
    using directory = temporaryDirectory()
    const path = join(directory.path, 'd.pem')
    assert.equal(await run({TLS_DHPARAMS: path, DH_BITS: 'low'}), SILENT)
    const checked = await runProgram(openssl, ['dhparam', '-in', path, '-check', '-text', '-noout'])
    assert.is(checked.code, 0, checked.stderr)
    assert.match(checked.stdout + checked.stderr, /1024 bit/)
    assert.match(checked.stdout + checked.stderr, /appear to be ok/)
  },
)

for (const bits of [2048, 3072, 4096]) {
  mkdhparams.when(isInstalled(openssl), 'openssl is not installed')(`openssl knows our group of ${bits} bits as ffdhe${bits}`, async () => {
    using directory = temporaryDirectory()
    const path = join(directory.path, 'd.pem')
    assert.equal(await run({TLS_DHPARAMS: path, DH_BITS: String(bits)}, '--ffdhe'), SILENT)
    assert.is(ffdhePrime(bits).toString(2).length, bits)
    const shown = await runProgram(openssl, ['dhparam', '-in', path, '-text', '-noout'])
    assert.match(shown.stdout, new RegExp(`ffdhe${bits}`))
  })
}

for (const bits of ['huge', '512', '99999', '-1']) {
  mkdhparams(`DH_BITS=${bits} fails before the file is touched`, async () => {
    using directory = temporaryDirectory()
    const path = join(directory.path, 'd.pem')
    writeFileSync(path, 'old')
    age(path, 27 * 24)
    const {code, err} = await run({TLS_DHPARAMS: path, DH_BITS: bits})
    assert.is(code, 1)
    assert.match(err, /^mkdhparams: DH_BITS is a number from 1024 to 8192/)
    assert.is(readFileSync(path, 'utf8'), 'old')
    assert.equal(readdirSync(directory.path), ['d.pem'])
  })
}

mkdhparams('without $TLS_DHPARAMS it is the file that the server reads', async () => {
  using directory = temporaryDirectory()
  const path = join(directory.path, 'elsewhere.pem')
  writeFileSync(join(directory.path, 'imapd'), '')
  writeFileSync(join(directory.path, 'imapd-ssl'), `TLS_DHPARAMS=${path}\n`)
  assert.equal(await run({COURIER_CONFIG: directory.path}, '--ffdhe'), SILENT)
  assert.match(readFileSync(path, 'utf8'), /^-----BEGIN DH PARAMETERS-----/)
  assert.not(readdirSync(directory.path).includes('dhparams.pem'))
})

mkdhparams.when(isInstalled('/usr/bin/script'), 'the program script is not installed')('on a terminal it tells that it works', async () => {
  using directory = temporaryDirectory()
  const path = join(directory.path, 'd.pem')
  const {code, stdout} = await runProgram('script', ['-qfec', `${process.execPath} bin/run.js mkdhparams`, '/dev/null'], {
    env: {TLS_DHPARAMS: path, DH_BITS: 'low'},
  })
  assert.is(code, 0)
  assert.match(stdout, /Looking for a safe prime of 1024 bits, \d+ s/)
  assert.match(readFileSync(path, 'utf8'), /^-----BEGIN DH PARAMETERS-----/)
})

mkdhparams.run()
