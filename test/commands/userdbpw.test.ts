import * as assert from 'uvu/assert'
import {loadCrypt} from '../../src/auth/native.js'
import {strongUserdbpwTool, userdbpwTool} from '../../src/services/userdbpw-tool.js'
import {suite} from '../support/suite.js'
import {originalProgram, runOriginal, runTool} from './support/run-tool.js'

const userdbpw = suite('userdbpw')
const original = originalProgram('userdbpw')
const crypt = loadCrypt()

const SECRET_SHA1 = '091e0f4c6cb5277ee2beb639a60d0831b5c8adcdaee172433df3e96ba4f00fb1b6a490c3929d2034'

/** `spec/auth.md` §9.1, §30.2. */
const EXACT: readonly (readonly [args: string, input: string, out: string])[] = [
  ['-hmac-md5', 'secret', 'cd3ba7deaad6e5ca23448ba42e379747a9e0f7f1fbc00c8a81bbaac395731b56'],
  ['-hmac-md5', 'secret\n', 'cd3ba7deaad6e5ca23448ba42e379747a9e0f7f1fbc00c8a81bbaac395731b56'],
  ['-hmac-md5', 'tanstaaftanstaaf\n', 'd06d4e1b26fccaa4b0b61801132340a354b21152711fb604ca3e035e7015116b'],
  ['-hmac-md5', 'x'.repeat(64), '6d9ede435cc910ab8581e77854dad1a8f97d9a2a1e88e80ba098060a8e7af714'],
  ['-hmac-md5', 'x'.repeat(70), '8103bb3a2a4b96a9ca9cce4efecc8d22ebe7163dff7401afb5aa16d4edcf9f1f'],
  ['-hmac-md5', '\n', '00747cf2ffaf11c5ea4a64979c3901fc1d20dee13f480bb598f7d8575b23e61b'],
  ['-hmac-sha1', 'secret\n', SECRET_SHA1],
  ['-md5 -hmac-sha1', 'secret\nother\n', SECRET_SHA1],
  ['-hmac-md5 -hmac-sha1', 'secret\n', SECRET_SHA1],
  [
    '-hmac-sha256',
    'secret\n',
    '5a84072aab37d22275b139adf7a92564c7f674be98e77d991f6f689d29e0524572804f31b042016804d3dea2f4e991a21b1c8906be161594b202fb74afc8ceb3',
  ],
  [
    '-hmac-sha256',
    'x'.repeat(65),
    '2f35ef2c8d7cc8c2866a6d6e258ba39465d8150f89cd1a76be31f0d9a59f8f443dfbfb2093ecd2b2c2597f89185dd46088ecd3fa591aa962e9c4463f644dcc69',
  ],
]

for (const [args, input, out] of EXACT) {
  userdbpw(`${args} of ${JSON.stringify(input)}`, async () => {
    assert.equal(await runTool(userdbpwTool, {args: args.split(' '), input}), {code: 0, out: `${out}\n`, err: ''})
  })
}

for (const args of ['-hmac-md5', '-hmac-sha1', '-hmac-sha256', '-noverify', '-hmac-sha512', 'x']) {
  userdbpw.when(original, 'the original is not installed')(`${args}: as the original`, async () => {
    for (const input of ['', '\n', 'secret', 'a\r\n', '\xff\xfe\n', `${'long '.repeat(2000)}\n`]) {
      const call = {args: [args], input}
      assert.equal(await runTool(userdbpwTool, call), await runOriginal(original ?? '', call), JSON.stringify(input.slice(0, 20)))
    }
  })
}

for (const [args, form] of [
  ['-md5', /^\$1\$[./0-9a-zA-Z]{8}\$[./0-9A-Za-z]{22}\n$/],
  ['', /^[./0-9A-Za-z]{13}\n$/],
  ['-sha256', /^\$5\$[./0-9a-zA-Z]{16}\$[./0-9A-Za-z]{43}\n$/],
  ['-sha512', /^\$6\$[./0-9a-zA-Z]{16}\$[./0-9A-Za-z]{86}\n$/],
  ['-yescrypt', /^\$y\$j9T\$[./0-9a-zA-Z]{22}\$[./0-9A-Za-z]{43}\n$/],
] as const) {
  userdbpw.when(crypt, 'this system has no libcrypt')(
    `${args || 'no option'}: a hash with a random salt that crypt(3) verifies`,
    async () => {
      const run = () => runTool(userdbpwTool, {args: args === '' ? [] : [args], input: 'secret\n'})
      const [first, second] = [await run(), await run()]
      assert.match(first.out, form)
      assert.is.not(first.out, second.out)
      assert.is(crypt?.(Buffer.from('secret'), first.out.trim()), first.out.trim())
    },
  )
}

userdbpw('courier userdbpw makes a strong hash without an option, and the original kind by its old name', async () => {
  const {out} = await runTool(strongUserdbpwTool, {args: [], input: 'secret\n'})
  assert.match(out, /^\$(y\$j9T|6)\$/)
  if (crypt) assert.is(crypt(Buffer.from('secret'), out.trim()), out.trim())
  assert.match((await runTool(strongUserdbpwTool, {args: ['-md5'], input: 'secret\n'})).out, /^\$1\$/)
  assert.match((await runTool(strongUserdbpwTool, {args: ['-hmac-md5'], input: 'secret\n'})).out, /^cd3ba7de/)
  assert.is((await runTool(userdbpwTool, {args: ['constructor'], input: 'secret\n'})).code, 1)
})

userdbpw('without input there is no output', async () => {
  assert.equal(await runTool(userdbpwTool, {args: ['-md5']}), {code: 1, out: '', err: ''})
})

userdbpw('an unknown argument is refused', async () => {
  assert.equal(await runTool(userdbpwTool, {args: ['-noverify']}), {code: 1, out: '', err: 'PROG: invalid argument.\n'})
})

userdbpw.run()
