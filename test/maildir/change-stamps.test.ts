import {lstatSync, mkdtempSync, renameSync, rmSync, statfsSync, writeFileSync} from 'node:fs'
import {release, tmpdir} from 'node:os'
import {join} from 'node:path'
import * as assert from 'uvu/assert'
import {stampsEachChange} from '../../src/maildir/change-stamps.js'
import {suite} from '../support/suite.js'

const stamps = suite('Time stamps of changes')

const EXT4 = 0xef53
const TMPFS = 0x01021994

for (const [kernel, type, expected] of [
  ['6.13.0', EXT4, true],
  ['6.18.44-fc', EXT4, true],
  ['7.0.1', 0x58465342, true],
  ['6.12.9', EXT4, false],
  ['6.1.0-32-amd64', EXT4, false],
  ['5.15.0', 0x9123683e, false],
  ['6.18.0', TMPFS, false],
  ['6.18.0', 0x6969, false],
  ['', EXT4, false],
  ['next', EXT4, false],
] as const) {
  stamps(`tell ${expected ? '' : 'not '}each change on Linux "${kernel}" and file system 0x${type.toString(16)}`, () => {
    assert.is(stampsEachChange({type}, kernel), expected)
  })
}

stamps.when(stampsEachChange(statfsSync(tmpdir()), release()), 'another kernel or file system')(
  'are as this kernel is said to give them',
  () => {
    const directory = mkdtempSync(join(tmpdir(), 'courier-stamps-'))
    try {
      writeFileSync(join(directory, 'a'), '')
      let before = lstatSync(directory, {bigint: true})
      for (let change = 0; change < 1000; change += 1) {
        renameSync(join(directory, change % 2 ? 'b' : 'a'), join(directory, change % 2 ? 'a' : 'b'))
        const after = lstatSync(directory, {bigint: true})
        assert.ok(after.mtimeNs > before.mtimeNs, `change ${change}`)
        before = after
      }
    } finally {
      rmSync(directory, {recursive: true})
    }
  },
)

stamps.run()
