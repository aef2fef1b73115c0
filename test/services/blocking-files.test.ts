import * as nodes from 'node:fs/promises'
import * as assert from 'uvu/assert'
import * as blocking from '../../src/services/blocking-files.js'
import {scratch} from '../auth/support/scratch.js'
import {suite} from '../support/suite.js'

const files = suite('Files of tools')

/** What a tool does to replace a file, with everything that it learns meanwhile. */
async function replacement({open, rm, rename, lstat, readFile, readdir, readlink, realpath, chmod, utimes}: typeof nodes) {
  await using at = await scratch()
  const learnt: unknown[] = []
  const failure = (error: NodeJS.ErrnoException) => learnt.push(error.code)
  const [temporary, path] = [at.path('new'), at.path('file')]
  await rm(temporary, {force: true})
  await rm(temporary).catch(failure)
  await open(path, 'r').catch(failure)
  const file = await open(temporary, 'wx', 0o600)
  await file.writeFile('one\n')
  await file.writeFile(Buffer.from('three\n'))
  learnt.push((await file.write(Buffer.from('-two-'), 1, 3, 4)).bytesWritten)
  await file.truncate(8)
  await file.chmod(0o640)
  await file.sync()
  await file.close()
  await open(temporary, 'wx').catch(failure)
  await rename(temporary, path)
  await chmod(path, 0o604)
  await utimes(path, 7, 8)
  const again = await open(path, 'r')
  const octets = Buffer.alloc(6)
  learnt.push((await again.read(octets, 1, 5, 2)).bytesRead, octets.toString('latin1'), (await again.stat({bigint: true})).size)
  await again.close()
  const {mode, mtimeMs} = await lstat(path)
  learnt.push(mode, mtimeMs, await readFile(path, 'utf8'), await readdir(at.directory), (await realpath(path)) === path)
  await readlink(path).catch(failure)
  return learnt
}

files('are read, written and refused as by Node, only at once', async () => {
  assert.equal(await replacement(blocking as unknown as typeof nodes), await replacement(nodes))
})

files.run()
