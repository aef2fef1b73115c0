/** Proof that no password appears where it must not: everything is done with a marker for a password, and all output is searched. */
import {readdirSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {inspect} from 'node:util'
import * as assert from 'uvu/assert'
import type {ModuleType} from '../../../src/auth/modules/module.js'
import {createLog} from '../../../src/log/create-log.js'
import type {Log} from '../../../src/log/log.js'
import {BAD_NAMES, moduleUnderTest} from './module-context.js'

export const MARKER = 'Xq7-marker-pass'
export const NEXT_MARKER = 'Zv9-marker-next'

/** The markers, and what SASL and others make of them. */
const FORMS = [MARKER, NEXT_MARKER].flatMap((marker) => [
  marker,
  Buffer.from(marker).toString('hex'),
  ...['', '\0ann\0', 'ann\0ann\0', '\0nobody\0'].map((before) =>
    Buffer.from(before + marker)
      .toString('base64')
      .replace(/=+$/, '')
      .slice(0, -1),
  ),
])

export function assertClean(output: string, where: string): void {
  for (const form of FORMS) {
    const at = output.indexOf(form)
    assert.ok(at < 0, `${where} holds the password: ${JSON.stringify(output.slice(Math.max(0, at - 100), at + 100))}`)
  }
}

/** Command lines and environments of all processes of this machine that may be read. */
export function processTable(): string {
  const read = (path: string) => {
    try {
      return readFileSync(path, 'latin1')
    } catch {
      return ''
    }
  }
  const ids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return ids.map((id) => read(join('/proc', id, 'cmdline')) + read(join('/proc', id, 'environ'))).join('\n')
}

/** Reads the process table again and again, for programs that run for a moment. */
export function watchProcesses(): {stop(): string} {
  const seen = new Set<string>()
  const look = () => {
    for (const line of processTable().split('\n')) seen.add(line)
  }
  look()
  const timer = setInterval(look, 15)
  return {
    stop() {
      clearInterval(timer)
      look()
      return [...seen].join('\n')
    },
  }
}

/** Both forms of the log, with everything that it can tell. */
function bothLogs(write: (lines: string) => void): Log {
  const logs = (['text', 'json'] as const).map((format) => createLog({format, write, now: () => new Date(), debug: true}))
  const both =
    (level: keyof Log): Log['info'] =>
    (...entry) => {
      for (const log of logs) log[level](...entry)
    }
  return {debug: both('debug'), info: both('info'), notice: both('notice'), warning: both('warning'), error: both('error')}
}

export interface MarkedSource {
  readonly type: ModuleType
  readonly rc?: string
  readonly environment?: Record<string, string>
  /** An account whose password is `MARKER`. */
  readonly user: string
  readonly service?: string
  /** The source changes passwords. */
  readonly changes?: boolean
  /** Ways in which it fails, each entered, walked through and left. */
  readonly states?: readonly {readonly name: string; enter(): Promise<void> | void; leave(): Promise<void> | void}[]
}

/**
 * Walks one source with the marker: right and wrong passwords, unknown and hostile names, look-ups, CRAM, password changes, the list, each
 * with every way to fail. Answers, errors, logs, standard error and the process table are searched.
 */
export async function walkWithMarker({type, rc, environment = {}, user, service = 'imap', changes = false, states = []}: MarkedSource) {
  let output = ''
  const write = (text: string) => {
    output += text
  }
  const tell = async (answer: Promise<unknown> | undefined) => {
    const result = await answer?.catch((error: unknown) => error)
    write(inspect(result, {depth: 9, showHidden: true}) + JSON.stringify(result) + String(result))
    if (result instanceof Error) write(`${result.stack} ${inspect(result.cause, {depth: 9})}`)
    return result
  }
  const original = process.stderr.write
  process.stderr.write = ((text: string | Uint8Array) => {
    write(String(text))
    return true
  }) as typeof process.stderr.write
  const processes = watchProcesses()
  try {
    await using at = await moduleUnderTest(type, rc, {log: bothLogs(write), environment})
    const walk = async () => {
      for (const name of [user, 'nobody', ...BAD_NAMES.slice(0, 8)]) {
        await tell(at.check(name, MARKER, service))
        await tell(at.module.find(service, name))
        await tell(at.change(name, 'not-it', MARKER, service))
      }
      await tell(at.check(user, `${MARKER}x`, service))
      await tell(at.module.checkChallenge?.({service, method: 'cram-md5', challenge: 'YQ==', response: MARKER, remote: ''}))
      await tell(at.list())
      await tell(at.module.health())
    }
    assert.is((await at.check(user, MARKER, service)).outcome, 'accepted')
    await walk()
    if (changes) {
      assert.is(await at.change(user, MARKER, NEXT_MARKER, service), 'changed')
      await tell(at.check(user, NEXT_MARKER, service))
      assert.is(await at.change(user, NEXT_MARKER, MARKER, service), 'changed')
    }
    for (const {name, enter, leave} of states) {
      await enter()
      const result = await tell(at.check(user, MARKER, service))
      await walk()
      await tell(at.change(user, MARKER, NEXT_MARKER, service))
      await leave()
      assert.ok(result instanceof Error || (result as {outcome: string}).outcome !== 'accepted', `${type.name} fails when ${name}`)
    }
  } finally {
    process.stderr.write = original
    const table = processes.stop()
    assertClean(table, 'a command line or environment')
  }
  assert.ok(output.length > 500)
  assertClean(output, `${type.name}: a log, an answer or an error`)
}
