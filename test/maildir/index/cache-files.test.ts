import {readdirSync, readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import * as assert from 'uvu/assert'
import {replaceFile} from '../../../src/maildir/index/flat/cache-files.js'
import {TemporaryMaildir} from '../../support/store.js'
import {suite} from '../../support/suite.js'

const cacheFiles = suite('Files of the index')

cacheFiles('are replaced by what is written in many pieces, of which some are empty', async () => {
  using directory = new TemporaryMaildir()
  const path = join(directory.path, 'tmp', 'view')
  writeFileSync(path, 'before')
  writeFileSync(`${path}.new`, 'of a process that was killed')
  // More than the kernel takes with one call.
  const pieces = Array.from({length: 2500}, (_, number) => Buffer.alloc(number % 3 === 0 ? 0 : 10 + number, number))
  await replaceFile(path, pieces)
  assert.ok(readFileSync(path).equals(Buffer.concat(pieces)))
  assert.equal(readdirSync(join(directory.path, 'tmp')), ['view'])
})

cacheFiles('that cannot be made leave the one before as it is', async () => {
  using directory = new TemporaryMaildir()
  const path = join(directory.path, 'missing', 'view')
  const failure = await replaceFile(path, [Buffer.from('x')]).catch((error: NodeJS.ErrnoException) => error.code)
  assert.is(failure, 'ENOENT')
})

cacheFiles.run()
