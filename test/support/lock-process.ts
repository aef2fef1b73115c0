/** Child process: counts up a number in a file, reading and writing it under the folder's lock. Arguments: folder, times. */
import {readFileSync, writeFileSync} from 'node:fs'
import {setImmediate} from 'node:timers/promises'
import {FolderLock} from '../../src/maildir/dot-lock.js'
import {maildirContext} from './maildir-context.js'

const [folder = '', times = '0'] = process.argv.slice(2)
const context = maildirContext()
for (let round = 0; round < Number(times); round += 1) {
  const lock = await new FolderLock(folder, context).take({waitMs: 20_000})
  const count = Number(readFileSync(`${folder}/count`, 'latin1'))
  await setImmediate()
  writeFileSync(`${folder}/count`, String(count + 1))
  await lock.release()
}
