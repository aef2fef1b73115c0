import {mkdirSync} from 'node:fs'
import {hostname} from 'node:os'
import {NodeFiles} from '../../src/maildir/node-files.js'
import {UniqueNames} from '../../src/maildir/unique-names.js'

/** What the parts of the Maildir layer need of the world, with the real one behind it. */
export function maildirContext({nowMs = Date.now}: {readonly nowMs?: () => number} = {}) {
  const isAlive = (pid: number) => {
    try {
      return process.kill(pid, 0)
    } catch (error) {
      return !(error instanceof Error && 'code' in error && error.code === 'ESRCH')
    }
  }
  return {
    files: new NodeFiles(),
    names: new UniqueNames({host: hostname(), pid: process.pid, nowMicroseconds: () => Date.now() * 1000}),
    pid: process.pid,
    hostName: hostname(),
    nowMs,
    isAlive,
  }
}

/** Makes an empty maildir, or a folder in one when the path says so. */
export function makeMaildir(path: string): string {
  mkdirSync(path, {mode: 0o700})
  for (const name of ['tmp', 'new', 'cur']) mkdirSync(`${path}/${name}`, {mode: 0o700})
  return path
}
