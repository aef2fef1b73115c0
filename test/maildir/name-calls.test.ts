import {existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import * as assert from 'uvu/assert'
import {NameCalls} from '../../src/maildir/name-calls.js'
import {native} from '../../src/maildir/native-path.js'
import {suite} from '../support/suite.js'

const names = suite('Renaming, linking and unlinking many files')

function inDirectory(task: (directory: string) => void): void {
  const directory = mkdtempSync(join(tmpdir(), 'names-'))
  try {
    task(directory)
  } finally {
    rmSync(directory, {recursive: true})
  }
}

function thrownBy(task: () => void): NodeJS.ErrnoException {
  try {
    task()
  } catch (error) {
    return error as NodeJS.ErrnoException
  }
  throw new Error('Nothing was thrown')
}

for (const [who, few] of [
  ['Node', 1000],
  ['the C library', 0],
] as const) {
  names(`${who} renames, links and unlinks`, () =>
    inDirectory((directory) => {
      const calls = new NameCalls(few)
      const [a, b, c] = ['a:2,', 'b:2,S', 'c'].map((name) => join(directory, name)) as [string, string, string]
      writeFileSync(a, 'text')
      calls.rename(a, b)
      assert.equal(readdirSync(directory), ['b:2,S'])
      calls.link(b, c)
      assert.is(statSync(c).ino, statSync(b).ino)
      calls.unlink(b)
      assert.equal(readdirSync(directory), ['c'])
    }),
  )

  names(`${who} takes octets above 0x7F as they are`, () =>
    inDirectory((directory) => {
      const calls = new NameCalls(few)
      const [from, to] = ['\xe4:2,', '\xff\xc3:2,S'].map((name) => native(`${directory}/${name}`)) as [Buffer, Buffer]
      writeFileSync(from, 'text')
      calls.link(from, join(directory, 'link'))
      calls.rename(from, to)
      assert.ok(existsSync(to))
      calls.unlink(to)
      assert.equal(readdirSync(directory), ['link'])
    }),
  )

  names(`${who} says what is wrong`, () =>
    inDirectory((directory) => {
      const calls = new NameCalls(few)
      const [file, missing] = [join(directory, 'file'), join(directory, 'missing')]
      writeFileSync(file, 'text')
      assert.is(thrownBy(() => calls.rename(missing, file)).code, 'ENOENT')
      assert.is(thrownBy(() => calls.link(file, file)).code, 'EEXIST')
      assert.is(thrownBy(() => calls.unlink(missing)).code, 'ENOENT')
      assert.equal(readdirSync(directory), ['file'])
    }),
  )
}

names('a NUL is wrong, and nothing is done', () =>
  inDirectory((directory) => {
    const calls = new NameCalls(0)
    const [file, other] = [join(directory, 'file'), join(directory, 'other')]
    writeFileSync(file, 'text')
    assert.is(thrownBy(() => calls.rename(file, `${other}\0end`)).code, 'ERR_INVALID_ARG_VALUE')
    assert.is(thrownBy(() => calls.link(file, `${other}\0end`)).code, 'ERR_INVALID_ARG_VALUE')
    assert.is(thrownBy(() => calls.unlink(`${file}\0end`)).code, 'ERR_INVALID_ARG_VALUE')
    assert.equal(readdirSync(directory), ['file'])
  }),
)

names('the C library is asked once there have been many, and goes on in the same directory', () =>
  inDirectory((directory) => {
    const calls = new NameCalls(3)
    writeFileSync(join(directory, '0'), 'text')
    for (let count = 0; count < 10; count += 1) calls.rename(join(directory, `${count}`), join(directory, `${count + 1}`))
    assert.equal(readdirSync(directory), ['10'])
  }),
)

names.run()
