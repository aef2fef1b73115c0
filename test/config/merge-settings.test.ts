import fc from 'fast-check'
import * as assert from 'uvu/assert'
import {blockMark, type MarkedFile, oldBlocks, readMarkedFile} from '../../src/config/marked-file.js'
import {mergeSettings} from '../../src/config/merge-settings.js'
import {suite} from '../support/suite.js'

const merge = suite('Merging settings')

function marked(text: string): MarkedFile {
  const file = readMarkedFile(text)
  assert.ok(file, 'the text has a header')
  return file as MarkedFile
}

function merged(old: string, dist: string): {lines: string[]; report: string[]} {
  const {text, report} = mergeSettings(marked(dist), {old: oldBlocks(marked(old)), distName: 'f.dist'})
  return {lines: text.split('\n').slice(0, -1), report: report.map(({name, outcome}) => `${name}: ${outcome}`)}
}

const lines = (...each: string[]) => `${each.join('\n')}\n`

for (const [line, expected] of [
  ['##NAME: A:0', {name: 'A', version: '0'}],
  ['##NAME:a:b:2', {name: 'a:b', version: '2'}],
  ['##NAME: \tA B : 1 0\t', {name: 'AB', version: '10'}],
  ['##NAME: :1', {name: '', version: '1'}],
  ['##NAME: A', undefined],
  ['# ##NAME: A:0', undefined],
  ['A=1', undefined],
] as const) {
  merge(`the mark in ${JSON.stringify(line)}`, () => assert.equal(blockMark(line), expected))
}

merge('the header may end at line 20 and not later (example 54)', () => {
  const file = (before: number) => `${'#\n'.repeat(before)}##VERSION: 1\nA=1\n`
  assert.is(readMarkedFile(file(19))?.version, '##VERSION: 1')
  assert.equal(readMarkedFile(file(19))?.lines, ['A=1'])
  assert.is(readMarkedFile(file(20)), undefined)
})

merge('kept, replaced and lost settings (example 50)', () => {
  const dist = lines('##VERSION: 2', '##NAME: A:0', '#', '', 'A=1', '', '##NAME: B:1', '', 'B=1')
  const old = lines('##VERSION: 1', '##NAME: A:0', '', 'A=5', 'EXTRA=6', '', '# mine', 'AFTER=7', '##NAME: B:0', '', 'B=9')
  assert.equal(merged(old, dist), {
    report: ['A: unchanged', 'B: UPDATED'],
    lines: [
      '##VERSION: 2',
      '##NAME: A:0',
      '#',
      '#',
      '# DEFAULT SETTING from f.dist:',
      '#',
      '#A=1',
      '#',
      '',
      'A=5',
      'EXTRA=6',
      '',
      '##NAME: B:1',
      '#',
      '# Previous setting (inserted by sysconftool):',
      '#',
      '# ',
      '# B=9',
      '#',
      '',
      'B=1',
    ],
  })
})

merge('a block without any setting line is new: its default comes back (example 51)', () => {
  const dist = lines('##VERSION: 2', '##NAME: C:0', '', 'C=1', '', '##NAME: D:0', '', 'D=1')
  const {lines: out, report} = merged(lines('##VERSION: 1', '##NAME: C:0', '#C=1', '##NAME: D:0', '', '#D=1', ''), dist)
  assert.equal(report, ['C: new', 'D: unchanged'])
  assert.ok(out.includes('C=1'))
  assert.not(out.includes('D=1'), 'a blank line is enough to keep it switched off')
})

merge('a new block comes in, one that is gone is told', () => {
  const {lines: out, report} = merged(
    lines('##VERSION: 1', '##NAME: OLD:0', '', 'OLD=1'),
    lines('##VERSION: 2', '##NAME: NEW:0', '', 'NEW=1'),
  )
  assert.equal(report, ['NEW: new', 'OLD: removed'])
  assert.equal(out, ['##VERSION: 2', '##NAME: NEW:0', '', 'NEW=1'])
})

merge('a value of several lines is kept, unless one of them begins with #', () => {
  const dist = lines('##VERSION: 2', '##NAME: A:0', '', 'A=""', '')
  assert.ok(
    merged(lines('##VERSION: 1', '##NAME: A:0', '', 'A="one', 'two"', ''), dist)
      .lines.join('\n')
      .endsWith('\n\nA="one\ntwo"\n'),
  )
  assert.not.match(merged(lines('##VERSION: 1', '##NAME: A:0', '', 'A="one', '#two"', ''), dist).lines.join('\n'), /#two/)
})

merge('a name that occurs twice: both texts, the last version', () => {
  const old = lines('##VERSION: 1', '##NAME: A:0', 'A=1', '#', '##NAME: A:1', 'B=2')
  assert.equal(oldBlocks(marked(old)), new Map([['A', {version: '1', text: 'A=1\nB=2\n'}]]))
})

merge('an old file without a line end at its end is not glued to the next mark', () => {
  const dist = lines('##VERSION: 2', '##NAME: A:0', 'A=1', '##NAME: B:0', 'B=1')
  const {lines: out} = merged('##VERSION: 1\n##NAME: B:0\nB=2\n##NAME: A:0\nA=9', dist)
  assert.equal(out.slice(-5), ['##NAME: B:0', '#', '# DEFAULT SETTING from f.dist:', '#B=1', 'B=2'])
  assert.ok(out.includes('A=9'))
})

merge('an updated block without a setting of its own: the notice stands before the next setting, or at the end', () => {
  const old = lines('##VERSION: 1', '##NAME: A:0', 'A=9')
  const next = merged(old, lines('##VERSION: 2', '##NAME: A:1', '# A=1', '##NAME: B:0', 'B=1'))
  const notice = ['#', '# Previous setting (inserted by sysconftool):', '#', '# A=9', '#']
  assert.equal(next.lines, ['##VERSION: 2', '##NAME: A:1', '# A=1', '##NAME: B:0', ...notice, 'B=1'])
  const last = merged(old, lines('##VERSION: 2', '##NAME: A:1', '# A=1'))
  assert.equal(last.lines, ['##VERSION: 2', '##NAME: A:1', '# A=1', ...notice])
})

merge('an updated block whose old settings were blank lines only: an empty comment stands for them', () => {
  const {lines: out} = merged(lines('##VERSION: 1', '##NAME: A:0', '', ''), lines('##VERSION: 2', '##NAME: A:1', 'A=1'))
  assert.equal(out.slice(2, 7), ['#', '# Previous setting (inserted by sysconftool):', '#', '# ', '#'])
})

merge('a comment between two settings of a block: one heading, both become comments, the old text comes last', () => {
  const dist = lines('##VERSION: 2', '##NAME: A:0', 'A=1', '# more', 'B=1', '##NAME: C:0', 'C=1')
  const {lines: out} = merged(lines('##VERSION: 1', '##NAME: A:0', 'A=5'), dist)
  assert.equal(out.slice(2, 9), ['#', '# DEFAULT SETTING from f.dist:', '#A=1', '# more', '#B=1', 'A=5', '##NAME: C:0'])
})

merge('settings before the first mark of the new file stay active', () => {
  assert.equal(merged(lines('##VERSION: 1'), lines('##VERSION: 2', 'A=1', '##NAME: B:0', 'B=1')).lines, [
    '##VERSION: 2',
    'A=1',
    '##NAME: B:0',
    'B=1',
  ])
})

merge('a file from before the format: everything is new, and the result is the new file itself (examples 48, 52)', () => {
  const dist = lines('##VERSION: 2', '##NAME: A:0', '#', '', 'A=1', '', '##NAME: B:1', '', 'B=1')
  const {text, report} = mergeSettings(marked(dist), {old: new Map(), distName: 'f.dist'})
  assert.is(text, dist)
  assert.equal(
    report.map(({outcome}) => outcome),
    ['new', 'new'],
  )
})

const line = fc.constantFrom('', '#', '# text', 'A=1', 'B="x', 'y"', '##NAME: A:0', '##NAME: A:1', '##NAME: B:0', '##NAME: :0', '##NAME: x')

merge('merging the result once more changes nothing', () => {
  fc.assert(
    fc.property(fc.array(line), fc.array(line), (oldLines, distLines) => {
      const dist = marked(lines('##VERSION: 2', ...distLines))
      const once = mergeSettings(dist, {old: oldBlocks(marked(lines('##VERSION: 1', ...oldLines))), distName: 'f.dist'})
      const twice = mergeSettings(dist, {old: oldBlocks(marked(once.text)), distName: 'f.dist'})
      const kept = (text: string) => [...oldBlocks(marked(text))].map(([name, {text: settings}]) => `${name}: ${settings}`)
      // Of a name that occurs twice the texts are joined, each time anew: sysconftool does not see this, the version is the same then.
      const names = distLines.flatMap((each) => /^##NAME: *([^:]*):/.exec(each)?.[1] ?? [])
      const unique = new Set(names).size === names.length
      if (unique) assert.equal(kept(twice.text), kept(once.text))
    }),
  )
})

merge.run()
