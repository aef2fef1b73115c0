import {chmodSync, existsSync, lstatSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync} from 'node:fs'
import {join, resolve} from 'node:path'
import * as assert from 'uvu/assert'
import {sysconftoolTool} from '../../src/services/sysconftool-tool.js'
import {suite} from '../support/suite.js'
import {temporaryDirectory} from '../support/temporary-directory.js'
import {runTool} from './support/run-tool.js'

const sysconftool = suite('sysconftool')

const DIST = '##VERSION: 2\n##NAME: A:0\n#\n\nA=1\n\n##NAME: B:1\n\nB=1\n'
const OLD = '##VERSION: 1\n##NAME: A:0\n\nA=5\n\n##NAME: B:0\n\nB=9\n'

function scratch(files: Record<string, string>) {
  const directory = temporaryDirectory()
  const path = (name: string) => join(directory.path, name)
  for (const [name, text] of Object.entries(files)) writeFileSync(path(name), text)
  return {
    ...directory,
    path,
    [Symbol.dispose]: directory[Symbol.dispose],
    names: () => readdirSync(directory.path).sort(),
    text: (name: string) => readFileSync(path(name), 'utf8'),
    run: (...args: string[]) => runTool(sysconftoolTool, {args}),
  }
}

sysconftool('without an old file the new one is copied, with its mode, and there is no .bak (example 48)', async () => {
  using f = scratch({'f.dist': DIST})
  chmodSync(f.path('f.dist'), 0o640)
  assert.equal(await f.run(f.path('f')), {code: 0, out: 'f:\n  A: new\n  B: new\n', err: ''})
  assert.is(f.text('f'), DIST)
  assert.is(statSync(f.path('f')).mode & 0o777, 0o640)
  assert.equal(f.names(), ['f', 'f.dist'])
})

sysconftool('a file of the same version is left alone without a word (example 49)', async () => {
  using f = scratch({'f.dist': DIST, f: '##VERSION: 2\nA=7\n'})
  assert.equal(await f.run(f.path('f')), {code: 0, out: '', err: ''})
  assert.is(f.text('f'), '##VERSION: 2\nA=7\n')
  assert.equal(f.names(), ['f', 'f.dist'])
})

sysconftool('merges, keeps the old file as .bak, and a second run does nothing (example 50)', async () => {
  using f = scratch({'f.dist': DIST, f: OLD, 'f.bak': 'older'})
  assert.equal(await f.run(f.path('f.dist')), {code: 0, out: 'f:\n  A: unchanged\n  B: UPDATED\n', err: ''})
  assert.match(f.text('f'), /\n# DEFAULT SETTING from \/.*\/f\.dist:\n#\n#A=1\n#\n\nA=5\n/)
  assert.match(f.text('f'), /\n# B=9\n#\n\nB=1\n$/)
  assert.is(f.text('f.bak'), OLD)
  assert.equal(await f.run(f.path('f')), {code: 0, out: '', err: ''})
  assert.is((await f.run('-f', f.path('f'))).out, 'f:\n  A: unchanged\n  B: unchanged\n')
  assert.is(
    f
      .text('f')
      .split('\n')
      .filter((line) => /^[AB]=/.test(line))
      .join(),
    'A=5,B=1',
  )
  assert.is((await f.run(f.path('f'), '-f')).code, 0)
})

sysconftool('a file from before the format is all new, its content in .bak (example 52)', async () => {
  using f = scratch({'f.dist': DIST, f: 'A=8\n'})
  assert.is((await f.run(f.path('f'))).out, 'f:\n  A: new\n  B: new\n')
  assert.is(f.text('f'), DIST)
  assert.is(f.text('f.bak'), 'A=8\n')
})

sysconftool('the mode of the result is that of the new file (example 53)', async () => {
  using f = scratch({'f.dist': DIST, f: OLD})
  chmodSync(f.path('f.dist'), 0o640)
  chmodSync(f.path('f'), 0o644)
  await f.run(f.path('f'))
  assert.is(statSync(f.path('f')).mode & 0o777, 0o640)
  assert.is(statSync(f.path('f.bak')).mode & 0o777, 0o644)
})

sysconftool('what is wrong with one file does not keep it from the next ones (example 54)', async () => {
  using f = scratch({'late.dist': `${'#\n'.repeat(20)}${DIST}`, 'good.dist': `${'#\n'.repeat(19)}${DIST}`})
  const {code, out, err} = await f.run(f.path('none'), f.path('late'), f.path('good'))
  assert.is(code, 9)
  assert.is(err, '')
  assert.equal(out.replaceAll(/\/\S*\//g, '').split('\n'), [
    'none.dist: No such file or directory',
    'late.dist: configuration header not found.',
    'good:',
    '  A: new',
    '  B: new',
    '',
  ])
})

sysconftool('-n tells and changes nothing; -r wants a version; unknown options (example 55)', async () => {
  using f = scratch({'f.dist': DIST, f: OLD})
  assert.is((await f.run('-n', '-f', f.path('f'))).out, 'f:\n  A: unchanged\n  B: UPDATED\n')
  assert.is(f.text('f'), OLD)
  assert.equal(f.names(), ['f', 'f.dist'])
  assert.equal(await f.run('-r', '99', f.path('f')), {code: 255, out: '', err: 'PROG: Version not supported.\n'})
  assert.is((await f.run('-r', '0.15', '-n', f.path('f'))).code, 0)
  assert.equal(await f.run('-x'), {code: 1, out: '', err: 'Unknown option: x\n'})
  assert.equal(await f.run(), {code: 0, out: '', err: ''})
  assert.match((await f.run('-v')).out, /^\d+\.\d+\n$/)
})

for (const [needs, code] of [
  ['0.21', 0],
  ['0.9', 0],
  ['0.21.1', 255],
  ['0.22', 255],
  ['0.20pre1', 0],
  ['1', 255],
] as const) {
  sysconftool(`-r ${needs} ends with ${code}`, async () => {
    assert.is((await runTool(sysconftoolTool, {args: ['-r', needs]})).code, code)
  })
}

sysconftool('a block that is gone is in .bak only, one that is new has its default (example 56)', async () => {
  using f = scratch({
    'f.dist': '##VERSION: 2\n##NAME: TLS_DHPARAMS:0\n\nTLS_DHPARAMS=/etc/dh.pem\n',
    f: '##VERSION: 1\n##NAME: TLS_DHCERTFILE:0\n\nTLS_DHCERTFILE=/x.pem\n',
  })
  assert.is((await f.run(f.path('f'))).out, 'f:\n  TLS_DHPARAMS: new\n')
  assert.not.match(f.text('f'), /TLS_DHCERTFILE/)
  assert.match(f.text('f.bak'), /TLS_DHCERTFILE=\/x\.pem/)
})

const debian = '/etc/courier/imapd'
sysconftool.when(existsSync(debian), 'courier-imap is not installed')("Debian's imapd against our template (example 57)", async () => {
  using f = scratch({'imapd.dist': readFileSync(resolve('templates/imapd'), 'utf8'), imapd: readFileSync(debian, 'utf8')})
  const {out} = await f.run(f.path('imapd'))
  assert.match(out, /^ {2}TCPDOPTS: UPDATED$/m)
  assert.match(out, /^ {2}MAXPERIP: unchanged$/m)
  const text = f.text('imapd')
  assert.match(text, /^TCPDOPTS="?-nodnslookup"?$/m)
  assert.match(text, /^# TCPDOPTS="-nodnslookup -noidentlookup"$/m)
  assert.not.match(text, /^IMAP_ENHANCEDIDLE/m)
  assert.match(text, /^MAXPERIP=20$/m)
})

sysconftool('a link stays, and the file that it leads to is replaced', async () => {
  using f = scratch({'f.dist': DIST, real: OLD})
  symlinkSync('real', f.path('f'))
  await f.run(f.path('f'))
  assert.ok(lstatSync(f.path('f')).isSymbolicLink())
  assert.match(f.text('real'), /^A=5$/m)
  assert.is(f.text('f.bak'), OLD)
  symlinkSync('nowhere', f.path('g'))
  writeFileSync(f.path('g.dist'), DIST)
  const {code, out} = await f.run(f.path('g'))
  assert.is(code, 9)
  assert.match(out, /g: The link leads to a file that does not exist\n$/)
})

sysconftool('octets that are no UTF-8 come through', async () => {
  using f = scratch({'f.dist': DIST})
  writeFileSync(f.path('f'), Buffer.from('##VERSION: 1\n##NAME: A:0\n\nA="\xff\xe4"\n', 'latin1'))
  await f.run(f.path('f'))
  assert.ok(readFileSync(f.path('f'), 'latin1').includes('\nA="\xff\xe4"\n'))
})

sysconftool.run()
