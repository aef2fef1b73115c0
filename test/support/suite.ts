/**
 * `suite` of uvu, made strict: what uvu hides becomes a failure.
 *
 * uvu loses errors thrown in hooks, loses what is thrown without being an `Error`, and says nothing about a
 * suite whose `.run()` was forgotten. All three are counted here and reported by `test/support/one-file.ts`.
 */
import {suite as uvuSuite} from 'uvu'
import {PATIENCE} from './patience.js'

export interface Tally {
  passed: number
  failed: number
  skipped: number
  /** One line for each failure, `suite: title: message`. */
  failures: string[]
  /** One line for each skipped test, with the reason. */
  skips: string[]
}

export const tally: Tally = {passed: 0, failed: 0, skipped: 0, failures: [], skips: []}

const started: {name: string; ran: boolean}[] = []

type Handler = () => void | Promise<void>

export interface Suite {
  (title: string, handler: Handler): void
  /** Leaves a test out, with the reason that the summary prints. */
  skip(title: string, reason: string): void
  /** Adds the test when `condition` holds, else skips it with the reason. */
  when(condition: unknown, reason: string): (title: string, handler: Handler) => void
  before(hook: Handler): void
  after(hook: Handler): void
  run(): void
}

function describe(thrown: unknown): string {
  // `await using` threw while another error was on its way, which is the one that matters.
  if (thrown instanceof Error && 'suppressed' in thrown && 'error' in thrown)
    return `${describe(thrown.suppressed)}\nand then, while cleaning up: ${describe(thrown.error)}`
  return thrown instanceof Error ? (thrown.stack ?? thrown.message) : `thrown without being an Error: ${String(thrown)}`
}

function fail(where: string, thrown: unknown): void {
  tally.failed += 1
  tally.failures.push(`${where}: ${describe(thrown)}`)
}

/** Longest time for one test, milliseconds; long runs set their own. */
const TEST_LIMIT_MS = Number(process.env.COURIER_TEST_LIMIT_MS ?? 60_000)

async function limited(handler: Handler, limitMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const patientMs = limitMs * PATIENCE
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`No result after ${patientMs} ms`)), patientMs)
  })
  try {
    await Promise.race([handler(), late])
  } finally {
    clearTimeout(timer)
  }
}

/** A suite of tests; end the file with `.run()`. `limitMs`: longest time for one of its tests. */
export function suite(name: string, {limitMs = TEST_LIMIT_MS}: {readonly limitMs?: number} = {}): Suite {
  const inner = uvuSuite(name)
  const record = {name, ran: false}
  started.push(record)
  const hook = (kind: string, run: Handler) => async () => {
    try {
      await run()
    } catch (error) {
      fail(`${name}: ${kind} hook`, error)
    }
  }
  const add = (title: string, handler: Handler) => {
    inner(title, async () => {
      try {
        await limited(handler, limitMs)
        tally.passed += 1
      } catch (error) {
        fail(`${name}: ${title}`, error)
        throw error instanceof Error ? error : new Error(describe(error))
      }
    })
  }
  const skip = (title: string, reason: string) => {
    tally.skipped += 1
    tally.skips.push(`${name}: ${title}: ${reason}`)
  }
  return Object.assign(add, {
    skip,
    when: (condition: unknown, reason: string) => (condition ? add : (title: string) => skip(title, reason)),
    before: (run: Handler) => inner.before(hook('before', run)),
    after: (run: Handler) => inner.after(hook('after', run)),
    run: () => {
      record.ran = true
      inner.run()
    },
  })
}

/** Suites that were made and never run: each is a failure. */
export function forgottenSuites(): string[] {
  return started.filter(({ran}) => !ran).map(({name}) => name)
}

/** How many suites the file made. */
export function suiteCount(): number {
  return started.length
}
