import {randomBytes} from 'node:crypto'
import {mkdtemp, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {loadTryLock} from '../../../src/auth/native.js'
import {makeUserdb} from '../../../src/auth/userdb/make.js'
import type {Log} from '../../../src/log/log.js'

/** A directory of the test's own; gone when the test ends. */
export async function scratch() {
  const directory = await mkdtemp(join(tmpdir(), 'courier-auth-'))
  return {
    directory,
    path: (...names: string[]) => join(directory, ...names),
    /** Writes userdb text and compiles it. */
    async userdb(text: string) {
      await writeFile(join(directory, 'userdb'), text, {mode: 0o600, encoding: 'latin1'})
      return compile(join(directory, 'userdb'))
    },
    [Symbol.asyncDispose]: () => rm(directory, {recursive: true, force: true}),
  }
}

export function compile(source: string) {
  return makeUserdb({source, generation: randomBytes(16).toString('hex'), tryLock: loadTryLock(), progress: () => undefined})
}

/** A log that keeps its lines. */
export function recordingLog(): Log & {readonly lines: string[]} {
  const lines: string[] = []
  const add =
    (level: string): Log['info'] =>
    (event, facts) => {
      lines.push(`${level} ${event} ${facts?.reason ?? ''}`)
    }
  return {lines, debug: add('debug'), info: add('info'), notice: add('notice'), warning: add('warning'), error: add('error')}
}
