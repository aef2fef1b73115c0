/** The results as text. */
import type {Result} from './measure.js'
import type {Row, Target} from './row.js'
import {DURABILITY, SERVER_NAMES, type ServerName} from './servers/server.js'

function show(value: number | undefined, digits = 0): string {
  return value === undefined || Number.isNaN(value) ? '—' : value.toFixed(digits)
}

function finely(value: number | undefined): string {
  return show(value, value !== undefined && Math.abs(value) < 100 ? (Math.abs(value) < 10 ? 2 : 1) : 0)
}

function print(lines: readonly (readonly string[])[]): void {
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)))
  for (const line of lines)
    console.log(line.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  '))
}

/** How many times as much another one needs. */
export function ratios(ours: Result | undefined, other: Result | undefined): {readonly wall: number; readonly cpu: number} {
  const part = (a: number | undefined, b: number | undefined) => (a ?? Number.NaN) / (b ?? Number.NaN)
  return {wall: part(other?.wallMs, ours?.wallMs), cpu: part(other?.cpuMs, ours?.cpuMs)}
}

export function geometricMean(values: readonly number[]): number {
  const known = values.filter((value) => value > 0)
  return Math.exp(known.reduce((sum, value) => sum + Math.log(value), 0) / known.length)
}

class Results {
  readonly #results: readonly Result[]

  constructor(results: readonly Result[]) {
    this.#results = results
  }

  of(row: Row, name: ServerName): Result | undefined {
    return this.#results.find((result) => result.row === row.title && result.server === name)
  }
}

function timeTable(rows: readonly Row[], results: Results, names: readonly ServerName[]): void {
  const others = names.filter((name) => name !== 'ours')
  const lines = [
    [
      'milliseconds for one',
      ...names.flatMap((name) => [name, 'cpu', 'MiB']),
      'loop p99',
      'max',
      ...others.flatMap((name) => [`×${name}`, '×cpu']),
    ],
  ]
  const walls = new Map<ServerName, {wall: number; cpu: number}[]>()
  for (const row of rows) {
    const ours = results.of(row, 'ours')
    const cells = names.flatMap((name) => {
      const result = results.of(row, name)
      return [finely(result?.wallMs), finely(result?.cpuMs), show((result?.memoryBytes ?? Number.NaN) / 2 ** 20)]
    })
    cells.push(show(ours?.delay?.p99, 1), show(ours?.delay?.max, 1))
    for (const name of others) {
      const ratio = ratios(ours, results.of(row, name))
      walls.set(name, [...(walls.get(name) ?? []), ratio])
      cells.push(show(ratio.wall, 2), show(ratio.cpu, 2))
    }
    lines.push([row.title, ...cells])
  }
  if (lines.length === 1) return
  print(lines)
  for (const [name, list] of walls) {
    const [wall, cpu] = [geometricMean(list.map((ratio) => ratio.wall)), geometricMean(list.map((ratio) => ratio.cpu))]
    console.log(`geometric mean, times as much as ours: ${name}: wall ${show(wall, 2)}, CPU ${show(cpu, 2)}`)
  }
}

const wanted = ({atMost, atLeast}: Target = {}) => (atMost !== undefined ? `≤ ${atMost}` : atLeast !== undefined ? `≥ ${atLeast}` : '')

function figureTable(rows: readonly Row[], results: Results, names: readonly ServerName[]): void {
  const lines = [['figure', ...names, 'to reach (ours)']]
  for (const row of rows) {
    const figures = new Set(names.flatMap((name) => Object.keys(results.of(row, name)?.figures ?? {})))
    for (const figure of figures)
      lines.push([
        `${row.title}: ${figure}`,
        ...names.map((name) => finely(results.of(row, name)?.figures[figure])),
        wanted(row.targets?.[figure]),
      ])
  }
  if (lines.length === 1) return
  console.log()
  print(lines)
}

/** Prints what there is of these rows. */
export function printResults(rows: readonly Row[], all: readonly Result[]): void {
  const results = new Results(all)
  const names = SERVER_NAMES.filter((name) => all.some(({server}) => server === name))
  const measured = rows.filter(({title}) => all.some(({row}) => row === title))
  timeTable(
    measured.filter(({figuresOnly}) => !figuresOnly),
    results,
    names,
  )
  figureTable(measured, results, names)
  for (const {row, server, error} of all) if (error) console.log(`${server}: ${row}: ${error}`)
  if (measured.some(({title}) => title.includes('APPEND'))) for (const name of names) console.log(`APPEND of ${name}: ${DURABILITY[name]}`)
}
