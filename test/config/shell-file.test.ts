import {execFileSync} from 'node:child_process'
import {existsSync} from 'node:fs'
import fc from 'fast-check'
import * as assert from 'uvu/assert'
import {readShellFile} from '../../src/config/shell-file.js'
import {suite} from '../support/suite.js'

const shell = suite('NAME=value files')

function read(text: string): {values: Record<string, string>; problems: string[]} {
  const {assignments, problems} = readShellFile({file: 'imapd', text}, new Map())
  const values = Object.fromEntries([...assignments.values()].map(({name, value}) => [name, value]))
  return {values, problems: problems.map(({line, text: problem}) => `${line}: ${problem}`)}
}

/** Texts that a shell and we read alike. */
const ALIKE: readonly [title: string, text: string, values: Record<string, string>][] = [
  ['plain words', 'A=1\nB=two\n', {A: '1', B: 'two'}],
  ['comments and blank lines', '# A=1\n\n  # more\nA=2 # here\n', {A: '2'}],
  ['a hash within a word', 'A=x#y\nB="#z"\n', {A: 'x#y', B: '#z'}],
  ['empty values', 'A=\nB=""\nC=\'\'\n', {A: '', B: '', C: ''}],
  ['single quotes are literal', 'A=\'a $B \\ "c"\'\n', {A: 'a $B \\ "c"'}],
  ['double quotes expand', 'A=1\nB="x $A ${A}y"\n', {A: '1', B: 'x 1 1y'}],
  ['escapes in double quotes', 'A="\\$B \\" \\\\ \\` \\n"\n', {A: '$B " \\ ` \\n'}],
  ['adjacent parts are joined', 'A=a"b"\'c\'\\ d\n', {A: 'abc d'}],
  ['several on one line', 'A=1 B=$A;C=3\n', {A: '1', B: '1', C: '3'}],
  ['values over several lines', 'A="one\ntwo"\nB=\'x\ny\'\n', {A: 'one\ntwo', B: 'x\ny'}],
  ['the last one wins', 'A=1\nA=2\nB=$A\nA=3\n', {A: '3', B: '2'}],
  ['unset variables are empty', 'A="[$NOWHERE]"\n', {A: '[]'}],
  ['export', 'export A=1\nB=2\nexport B\n', {A: '1', B: '2'}],
  ['a frozen value', 'CAP="IMAP4rev1"\nTLS="$CAP AUTH=PLAIN"\nCAP=x\n', {CAP: 'x', TLS: 'IMAP4rev1 AUTH=PLAIN'}],
  ['no pathname expansion, no splitting', 'A="a  b"\nB=$A\nC=*\n', {A: 'a  b', B: 'a  b', C: '*'}],
  ['a lone dollar', 'A=a$\nB="5$ x"\n', {A: 'a$', B: '5$ x'}],
  ['an equals sign in a value', 'A=B=C\n', {A: 'B=C'}],
  ['a tilde in the middle', 'A=x~\n', {A: 'x~'}],
  ['no line end at the end', 'A=1', {A: '1'}],
]

for (const [title, text, values] of ALIKE) {
  shell(title, () => {
    assert.equal(read(text), {values, problems: []})
    if (!existsSync('/bin/sh')) return
    const names = Object.keys(values)
    const script = `set -a\n${text}\nfor n in ${names.join(' ')}; do eval "printf '%s\\0' \\"\\$$n\\""; done`
    const shown = execFileSync('/bin/sh', ['-c', script], {env: {}, encoding: 'utf8'}).split('\0').slice(0, -1)
    assert.equal(Object.fromEntries(names.map((name, index) => [name, shown[index]])), values, 'the shell agrees')
  })
}

/** Texts that are refused: with the line, and a word of the message. */
const REFUSED: readonly [text: string, line: number, word: RegExp][] = [
  ['A=`date`\n', 1, /substitution/],
  ['A=1\nB="$(date)"\n', 2, /substitution/],
  ['A=${B:-c}\n', 1, /Only \$\{NAME\}/],
  ['if true; then A=1; fi\n', 1, /"if" is not supported/],
  ['. /etc/default/courier\n', 1, /"\." is not supported/],
  ['A = 1\n', 1, /Blanks around "="/],
  ['A=a b\n', 1, /"b" stands after a blank.*A="…"/],
  ['A=a & B=c\n', 1, /needs quotes/],
  ['A=x|y\n', 1, /pipes/],
  ['A=(x)\n', 1, /subshells/],
  ['A=$1\n', 1, /parameter "\$1"/],
  ['A=$$\n', 1, /parameter "\$\$"/],
  ['A=~/x\n', 1, /"~" is not expanded/],
  ['A=one\\\ntwo\n', 1, /continued with a backslash/],
  ['A="one\\\ntwo"\n', 1, /continued with a backslash/],
  ['B=2\nA="one\nC=3\n', 2, /never closed/],
  ["A='one\n", 1, /never closed/],
  ['A=1\nB="one\n# a comment\nC="two"\nD="three words"\n', 2, /never closed/],
  ["A=1\nB='one\nC='two words'\n", 2, /never closed/],
  ['A="one\ntwo"\nB="three\n', 3, /never closed/],
  ['A=1\r\n', 1, /carriage return/],
  ['B=2\nA=\0\n', 2, /NUL/],
  ['touch /tmp/x\n', 1, /"touch" is not an assignment/],
  ['1A=2\n', 1, /is not an assignment/],
  ['A+=2\n', 1, /is not an assignment/],
]

for (const [text, line, word] of REFUSED) {
  shell(`refuses ${JSON.stringify(text)}`, () => {
    const {problems} = read(text)
    assert.ok(problems.length > 0)
    assert.match(problems[0] ?? '', new RegExp(`^${line}: `))
    assert.match(problems[0] ?? '', word)
  })
}

shell('collects all problems of a file and still reads the rest', () => {
  const {values, problems} = read('A=1\nB=`x`\nC=3\nD = 4\nE=5\n')
  assert.equal(values, {A: '1', C: '3', E: '5'})
  assert.equal(
    problems.map((line) => line.split(':')[0]),
    ['2', '4'],
  )
})

shell('variables of earlier files can be used', () => {
  const before = readShellFile({file: 'imapd', text: 'A=1\n'}, new Map()).assignments
  const {assignments} = readShellFile({file: 'imapd-ssl', text: 'B=$A$A\n'}, before)
  assert.equal(assignments.get('B'), {name: 'B', value: '11', file: 'imapd-ssl', line: 1})
})

shell('any text gives a result', () => {
  const text = fc.string({
    unit: fc.constantFrom('A', '=', '"', "'", '\\', '$', '{', '}', ' ', '\n', ';', '#', '`', '(', '~', 'é', '\r', '|'),
  })
  fc.assert(fc.property(text, (each) => Array.isArray(read(each).problems)))
})

shell('any value comes back from single quotes', () => {
  fc.assert(
    fc.property(fc.string(), (value) => {
      if (/['\0]|\r\n/.test(value)) return true
      return read(`A='${value}'\n`).values.A === value
    }),
  )
})

shell('a long hostile file takes linear time', () => {
  const began = Date.now()
  read(`${'a'.repeat(100_000)}-${'='.repeat(100_000)}`)
  read('A="'.repeat(100_000))
  read('A=$B'.repeat(100_000))
  assert.ok(Date.now() - began < 2000)
})

shell.run()
