import {mkdir} from 'node:fs/promises'
import {join} from 'node:path'
import {loadTryLock} from '../../auth/native.js'
import {Fault} from '../../support/fault.js'
import {systemText} from '../../support/system-text.js'
import {PidFile} from '../pid-file.js'

/** The pid file in `authdaemonvar` (`spec/auth.md` §2). */
export function daemonPidFile(directory: string): PidFile {
  return new PidFile({path: join(directory, 'pid'), tryLock: loadTryLock()})
}

/** Makes the directory of socket and pid file. Its group decides who may ask. @throws {Fault} `io-error` */
export async function makeDaemonDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, {recursive: true, mode: 0o750})
  } catch (error) {
    throw new Fault('io-error', `${path}: ${systemText(error)}`, {cause: error})
  }
}
