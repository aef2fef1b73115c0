/** Watches that the event loop of a process turns: one that hangs would serve nobody, and would not end by itself. */

export interface LifeWatchOptions {
  /** Whether the process has answered in this time, or has ended. */
  readonly answers: (limitMs: number) => Promise<boolean>
  /** Called once, when it has not. */
  readonly hangs: (afterMs: number) => void
  /** From one question to the next. */
  readonly everyMs?: number
  /** No work on the loop takes as long, on a machine that still does anything. */
  readonly limitMs?: number
}

const EVERY_MS = 15_000
const LIMIT_MS = 60_000

/** Begins to watch; the answer ends it. */
export function watchLife({answers, hangs, everyMs = EVERY_MS, limitMs = LIMIT_MS}: LifeWatchOptions): () => void {
  let timer: NodeJS.Timeout | undefined
  let isOver = false
  const later = () => {
    timer = setTimeout(() => void ask(), everyMs).unref()
  }
  const ask = async () => {
    const isAlive = await answers(limitMs)
    if (isOver) return
    if (isAlive) later()
    else hangs(limitMs)
  }
  later()
  return () => {
    isOver = true
    clearTimeout(timer)
  }
}
