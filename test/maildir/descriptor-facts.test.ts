import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  futimesSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  writeSync,
} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import * as assert from 'uvu/assert'
import {DescriptorFacts} from '../../src/maildir/descriptor-facts.js'
import {factsOf} from '../../src/maildir/file-facts.js'
import {suite} from '../support/suite.js'

const told = suite('What the kernel tells of open files')

/** Asked of the kernel from the first file on. */
const facts = new DescriptorFacts(0)

function compare(descriptor: number): void {
  try {
    // Others may read from /proc and /dev meanwhile: the moment is the same, or is tried again.
    const [before, own, after] = [fstatSync(descriptor, {bigint: true}), facts.of(descriptor), fstatSync(descriptor, {bigint: true})]
    if (before.ctimeNs === after.ctimeNs) assert.equal(own, factsOf(before))
  } finally {
    closeSync(descriptor)
  }
}

for (const directory of [tmpdir(), '/dev/shm']) {
  told(`is what Node tells, of files and directories in ${directory}`, () => {
    const place = mkdtempSync(join(directory, 'facts-'))
    try {
      const path = join(place, 'file')
      const make = (mode: number) => openSync(path, constants.O_RDWR | constants.O_CREAT, mode)
      const begun = make(0o640)
      writeSync(begun, 'x'.repeat(1234))
      compare(begun)
      for (let copy = 0; copy < 300; copy += 1) linkSync(path, join(place, `link${copy}`))
      compare(make(0o640))
      mkdirSync(join(place, 'directory'), 0o700)
      compare(openSync(join(place, 'directory'), constants.O_RDONLY))
    } finally {
      rmSync(place, {recursive: true})
    }
  })
}

told('is what Node tells, of large and of old files', () => {
  const place = mkdtempSync(join(tmpdir(), 'facts-'))
  try {
    for (const [octets, seconds] of [
      [0, 0],
      [6 * 1024 ** 3, -86_400.25],
      [1, 4_102_444_800.123456],
    ] as const) {
      const file = openSync(join(place, `${octets}`), 'w+')
      ftruncateSync(file, octets)
      futimesSync(file, seconds, seconds)
      compare(file)
    }
  } finally {
    rmSync(place, {recursive: true})
  }
})

told('is what Node tells, of devices and of files that the kernel makes up', () => {
  for (const path of ['/dev/null', '/proc/self/status', '/proc/sys/kernel/pid_max', '/']) compare(openSync(path, constants.O_RDONLY))
})

told('throws what Node throws', () => {
  const codeOf = (ask: () => unknown) => {
    try {
      ask()
      return 'nothing'
    } catch (error) {
      return (error as NodeJS.ErrnoException).code
    }
  }
  assert.is(
    codeOf(() => facts.of(99_999)),
    'EBADF',
  )
  assert.is(
    codeOf(() => new DescriptorFacts().of(99_999)),
    'EBADF',
  )
})

told('changes nothing when the kernel is asked itself', () => {
  const both = new DescriptorFacts(2)
  const file = openSync('/etc/passwd', 'r')
  const all = Array.from({length: 5}, () => both.of(file))
  closeSync(file)
  for (const each of all) assert.equal(each, all[0])
})

told.run()
