import {closeSync, openSync, readSync} from 'node:fs'
import {Fault} from '../../support/fault.js'
import {type AddRecord, MAX_KEY_OCTETS} from '../../support/keyed-database.js'
import {systemText} from '../../support/system-text.js'
import {parseLine} from './line.js'
import {LineSplitter, type PlacedLine} from './line-splitter.js'
import {formatFields, parseFields} from './record.js'
import type {SourceFile} from './source.js'

/** Most problems that are listed; a file that is no userdb at all has one in every line. */
const MAX_PROBLEMS = 50
const CHUNK = 64 * 1024

/** A line that cannot be compiled. */
export interface CompileProblem {
  readonly file: string
  readonly line: number
  /** What the original says, or what it should have said. */
  readonly text: string
}

export interface CompileOptions {
  readonly sources: readonly SourceFile[]
  readonly addPublic: AddRecord
  readonly addShadow: AddRecord
  /** Called every few thousand lines. */
  readonly progress: (lines: number) => void
}

/**
 * Adds the records of all files: fields whose names end in `pw` to the shadow, the others with the place of the record to
 * the public part (`spec/auth.md` §6 step 5). Goes on after a problem, to tell them all at once.
 *
 * Works synchronously, within the transaction of the databases. Memory does not grow with the input.
 *
 * @throws {Fault} `io-error` when a file cannot be read
 */
export function compileUserdb({sources, addPublic, addShadow, progress}: CompileOptions): readonly CompileProblem[] {
  const problems: CompileProblem[] = []
  let lines = 0
  for (const {path, shown, location} of sources) {
    let number = 0
    for (const {text} of linesOf(path, shown)) {
      number += 1
      lines += 1
      if (lines % 5000 === 0) progress(lines)
      const problem = compileLine(text, location, addPublic, addShadow)
      if (problem === undefined) continue
      problems.push({file: shown, line: number, text: problem})
      if (problems.length >= MAX_PROBLEMS) return problems
    }
  }
  return problems
}

function compileLine(text: string, location: string, addPublic: AddRecord, addShadow: AddRecord): string | undefined {
  const line = parseLine(text)
  if (line.kind === 'blank' || line.kind === 'comment' || line.kind === 'nameless') return undefined
  // To the original this line is the end of the input: it loses all that follows, without a word (`spec/auth.md` §3).
  if (text === '.') return 'A line with a single "." has no account.'
  if (line.name.length > MAX_KEY_OCTETS) return `A name may have ${MAX_KEY_OCTETS} octets, this one has ${line.name.length}.`
  const {open, secret} = line.kind === 'bare' ? {open: '1', secret: '1'} : splitFields(line.fields, location)
  const added = addPublic(line.name, open) && (secret === '' || addShadow(line.name, secret))
  return added ? undefined : `Cannot store record for ${line.name} - duplicate or out of disk space.`
}

/** Public and secret part of a record: only `NAMEpw=…` is secret, a bare `NAMEpw` is not. */
function splitFields(text: string, location: string): {open: string; secret: string} {
  const fields = parseFields(text)
  const isSecret = ({name, value}: {name: string; value: string | undefined}) => value !== undefined && name.endsWith('pw')
  return {
    open: formatFields([...fields.filter((field) => !isSecret(field)), {name: '_', value: location}]),
    secret: formatFields(fields.filter(isSecret)),
  }
}

function* linesOf(path: Buffer, shown: string): Generator<PlacedLine> {
  const splitter = new LineSplitter(shown)
  const chunk = Buffer.allocUnsafe(CHUNK)
  const fd = reading(shown, () => openSync(path, 'r'))
  try {
    for (;;) {
      const octets = reading(shown, () => readSync(fd, chunk))
      if (octets === 0) break
      yield* splitter.push(chunk.subarray(0, octets))
    }
    yield* splitter.end()
  } finally {
    closeSync(fd)
  }
}

function reading<T>(shown: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw new Fault('io-error', `${shown}: ${systemText(error)}`, {cause: error})
  }
}
