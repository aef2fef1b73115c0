import fc from 'fast-check'
import * as assert from 'uvu/assert'
import {
  directoryName,
  folderName,
  folderOfDirectory,
  folderPath,
  INBOX,
  isBelow,
  isPrintable,
  parentOf,
} from '../../src/maildir/folder-names.js'
import {Fault} from '../../src/support/fault.js'
import {suite} from '../support/suite.js'

const names = suite('Folder names')

for (const [text, name, directory] of [
  ['INBOX', 'INBOX', '/home/u/Maildir'],
  ['inbox', 'INBOX', '/home/u/Maildir'],
  ['inbox.x', 'INBOX.x', '/home/u/Maildir/.x'],
  ['InBoX.Inbox.b', 'INBOX.Inbox.b', '/home/u/Maildir/.Inbox.b'],
  ['INBOX.x&y~:\\ z', 'INBOX.x&y~:\\ z', '/home/u/Maildir/.x&y~:\\ z'],
  ['INBOX.Réx', 'INBOX.Réx', '/home/u/Maildir/.R\xc3\xa9x'],
  ['INBOX.🏕', 'INBOX.🏕', '/home/u/Maildir/.\xf0\x9f\x8f\x95'],
] as const) {
  names(`"${text}" is ${name}`, () => {
    assert.is(folderName(text), name)
    assert.is(folderPath('/home/u/Maildir', folderName(text)), directory)
  })
}

for (const text of [
  '',
  'nope',
  'INBOXx',
  'INBOX..x',
  'INBOX.x.',
  'INBOX.',
  'INBOX/x',
  'INBOX.a/b',
  'INBOX.a..b',
  'INBOX.a\0b',
  'INBOX.a\nb',
  'INBOX.a\ud800b',
  '.x',
  `INBOX.${'x'.repeat(255)}`,
  `INBOX.${'é'.repeat(128)}`,
]) {
  names(`${JSON.stringify(text.slice(0, 20))} is not a mailbox name`, () => {
    try {
      folderName(text)
    } catch (error) {
      assert.ok(error instanceof Fault && error.code === 'invalid-name')
      return
    }
    assert.unreachable()
  })
}

names('may fill the directory name to 255 octets', () => {
  assert.is(directoryName(folderName(`INBOX.${'é'.repeat(127)}`)).length, 255)
})

names('with control characters can be named, but not made', () => {
  assert.is(isPrintable(folderName('INBOX.a\u0001b')), false)
  assert.is(isPrintable(folderName('INBOX.a\u007fb')), false)
  assert.is(isPrintable(folderName('INBOX.日本 x')), true)
})

names('leave out directory entries that nobody can name', () => {
  for (const entry of ['x', '..', '.a..b', '.a.', '.\xe9', '.\xed\xa0\x80', '.a\nb', '']) {
    assert.is(folderOfDirectory(entry), undefined, JSON.stringify(entry))
  }
  assert.is(folderOfDirectory('.'), INBOX)
  assert.is(folderOfDirectory('.R\xc3\xa9x'), 'INBOX.Réx')
})

names('know their parents', () => {
  assert.is(parentOf(folderName('INBOX.a.b')), 'INBOX.a')
  assert.is(parentOf(folderName('INBOX.a')), 'INBOX')
  assert.is(parentOf(INBOX), undefined)
  assert.is(isBelow(folderName('INBOX.a.b.c'), folderName('INBOX.a')), true)
  assert.is(isBelow(folderName('INBOX.ab'), folderName('INBOX.a')), false)
  assert.is(isBelow(folderName('INBOX.a'), folderName('INBOX.a')), false)
  assert.is(isBelow(folderName('INBOX.a'), INBOX), true)
})

names('survive the way to the disk and back', () => {
  fc.assert(
    fc.property(fc.string({unit: 'grapheme', maxLength: 40}), (text) => {
      try {
        const name = folderName(`INBOX.${text}`)
        assert.is(folderOfDirectory(directoryName(name)), name)
      } catch (error) {
        assert.ok(error instanceof Fault)
      }
    }),
  )
})

names('of any octets either are undefined or go back to the same octets', () => {
  fc.assert(
    fc.property(fc.uint8Array({maxLength: 60}), (octets) => {
      const entry = `.${Buffer.from(octets).toString('latin1')}`
      const name = folderOfDirectory(entry)
      if (name !== undefined) assert.is(directoryName(name), entry)
    }),
  )
})

names.run()
