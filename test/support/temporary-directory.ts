import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'

/** A directory for one test; removed with all it holds when it goes out of scope (`using`). */
export interface TemporaryDirectory extends Disposable {
  readonly path: string
}

/** Makes an empty directory. `below`: another place than the system's, for tests of special file systems. */
export function temporaryDirectory(below = tmpdir()): TemporaryDirectory {
  const path = mkdtempSync(join(below, 'courier-test-'))
  return {path, [Symbol.dispose]: () => rmSync(path, {recursive: true, force: true})}
}
