/** Results in a file, so that rows measured at different times make one table. */
import {existsSync, readFileSync, writeFileSync} from 'node:fs'
import type {Result} from './measure.js'

/** What was measured on which machine. */
export interface SavedResults {
  readonly machine: Readonly<Record<string, string | number>>
  readonly messages: number
  readonly rounds: number
  readonly results: readonly Result[]
}

const isAbout = (a: Result, b: Result) => a.row === b.row && a.server === b.server

export function readResults(path: string): SavedResults {
  // What could not be measured is no number, which JSON writes as null.
  return JSON.parse(readFileSync(path, 'utf8'), (_, value) => (value === null ? Number.NaN : value)) as SavedResults
}

/** Writes results beside those of other rows and servers that the file holds. */
export function saveResults(path: string, saved: SavedResults): void {
  const before = existsSync(path) ? readResults(path).results : []
  const kept = before.filter((old) => !saved.results.some((result) => isAbout(old, result)))
  writeFileSync(path, `${JSON.stringify({...saved, results: [...kept, ...saved.results]}, undefined, 1)}\n`)
}
