import * as assert from 'uvu/assert'
import {shellWords} from '../../src/config/shell-words.js'
import {suite} from '../support/suite.js'

const words = suite('Words of a value that is expanded twice')

for (const [value, expected] of [
  ['', []],
  ['  -nodnslookup\t-noidentlookup ', ['-nodnslookup', '-noidentlookup']],
  ["-nodnslookup -block=z.example,BLOCK,'Go away'", ['-nodnslookup', '-block=z.example,BLOCK,Go away']],
  ['-denymsg="* BYE \\"x\\" y" a\\ b', ['-denymsg=* BYE "x" y', 'a b']],
  ['\'\' ""', ['', '']],
] as const) {
  words(JSON.stringify(value), () => assert.equal(shellWords(value), expected))
}

words.run()
