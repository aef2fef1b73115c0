/** Measures one row on each server. */
import type {BenchClient} from './client.js'
import {pinServer} from './cores.js'
import {makeCold} from './mail.js'
import {processMemory} from './process-tree.js'
import {type Figures, median, pause, type Row, type RowContext} from './row.js'
import type {LoopDelay} from './servers/probe-client.js'
import type {ServerName} from './servers/server.js'

export interface Result {
  readonly row: string
  readonly server: ServerName
  /** Medians of one run, milliseconds. */
  readonly wallMs: number
  readonly cpuMs: number
  /** Proportional set size of all its processes at the end of a run, octets. */
  readonly memoryBytes: number
  /** How often the work was done in one run. */
  readonly times: number
  /** Of the server's event loop, in a run of its own. */
  readonly delay?: LoopDelay
  readonly figures: Figures
  readonly error?: string
}

/** Short work is repeated until it lasts this long. */
const LASTS_MS = 200
const MOST_TIMES = 100
const RUN_LIMIT_MS = 240_000
/** A server without work to finish is looked at this long after the last reply. */
const REST_MS = 100

interface Run {
  /** How often the work was done. */
  readonly times: number
  /** Of one of them, milliseconds. */
  readonly wallMs: number
  readonly cpuMs: number
  readonly memoryBytes: number
  readonly figures: Figures
}

function limited<T>(work: Promise<T>, title: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${title} takes more than ${RUN_LIMIT_MS / 1000} s`)), RUN_LIMIT_MS)
  })
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}

async function once(row: Row, context: RowContext): Promise<Run> {
  const {server} = context
  if (row.cold !== undefined) makeCold(server, row.cold)
  const clients: readonly BenchClient[] = (await row.prepare?.(context)) ?? []
  try {
    pinServer(server.roots, {spreads: row.spreads ?? false})
    const cpuBefore = server.group.cpuMs(server.roots)
    const began = performance.now()
    let figures: Figures = {}
    let times = 0
    let wallMs = 0
    do {
      figures = (await row.run(context, clients)) ?? figures
      times += 1
      wallMs = performance.now() - began
    } while (row.repeats && wallMs < LASTS_MS && times < MOST_TIMES)
    const memory = processMemory(server.roots)
    for (const client of clients) client.close()
    // What the server still does for it counts as well.
    await pause(row.settles ? server.settleMs : REST_MS)
    const cpuMs = server.group.cpuMs(server.roots) - cpuBefore
    return {times, wallMs: wallMs / times, cpuMs: cpuMs / times, memoryBytes: memory, figures}
  } finally {
    for (const client of clients) client.close()
  }
}

function mediansOf(runs: readonly Run[]): Run {
  const names = new Set(runs.flatMap(({figures}) => Object.keys(figures)))
  return {
    times: median(runs.map(({times}) => times)),
    wallMs: median(runs.map(({wallMs}) => wallMs)),
    cpuMs: median(runs.map(({cpuMs}) => cpuMs)),
    memoryBytes: median(runs.map((run) => run.memoryBytes)),
    figures: Object.fromEntries([...names].map((name) => [name, median(runs.map(({figures}) => figures[name] ?? Number.NaN))])),
  }
}

async function delayOf(row: Row, context: RowContext): Promise<LoopDelay | undefined> {
  const {probe} = context.server
  if (!probe || row.figuresOnly) return undefined
  await probe.startDelay()
  await once(row, context)
  return probe.stopDelay()
}

/** What was measured of one server until something failed. */
interface Attempt {
  readonly context: RowContext
  readonly runs: Run[]
  delay?: LoopDelay | undefined
  error?: string
}

/** Does one step on each server in turn, so that a machine that becomes slower or faster does so for all of them. */
async function onEach(attempts: readonly Attempt[], {title}: Row, step: (attempt: Attempt) => Promise<unknown>): Promise<void> {
  for (const attempt of attempts) {
    if (attempt.error !== undefined) continue
    try {
      await limited(step(attempt), title)
    } catch (error) {
      attempt.error = error instanceof Error ? error.message : String(error)
    }
  }
}

/** Medians of `rounds` runs after one that is not counted, for each server; what fails is told in its result. */
export async function measureRow(row: Row, contexts: readonly RowContext[], rounds: number): Promise<Result[]> {
  const attempts: Attempt[] = contexts.map((context) => ({context, runs: []}))
  if (row.rounds === undefined) await onEach(attempts, row, ({context}) => once(row, context))
  for (let round = 0; round < (row.rounds ?? rounds); round += 1) {
    await onEach(attempts, row, async ({context, runs}) => runs.push(await once(row, context)))
  }
  await onEach(attempts, row, async (attempt) => {
    attempt.delay = await delayOf(row, attempt.context)
  })
  return attempts.map(({context, runs, delay, error}) => {
    const base = {row: row.title, server: context.server.name}
    const nothing = {wallMs: Number.NaN, cpuMs: Number.NaN, memoryBytes: Number.NaN, times: 0, figures: {}}
    if (error !== undefined) return {...base, ...nothing, error}
    return {...base, ...mediansOf(runs), ...(delay ? {delay} : {})}
  })
}
