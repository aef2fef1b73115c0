/**
 * Loaded into our server by `--import`: measures within it, when asked over a socket at `BENCH_PROBE`.
 *
 * Each line is a question, each answer a line of JSON. Nothing runs before the first one.
 */
import {createServer} from 'node:net'
import {monitorEventLoopDelay} from 'node:perf_hooks'
import {writeHeapSnapshot} from 'node:v8'
import {isMainThread} from 'node:worker_threads'

/** How often the loop is looked at. */
const RESOLUTION_MS = 1

const histogram = monitorEventLoopDelay({resolution: RESOLUTION_MS})
/** A look that comes on time counts as no delay. */
const late = (nanoseconds: number) => Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS)

const ANSWERS: Record<string, () => unknown> = {
  'delay-start': () => {
    histogram.reset()
    histogram.enable()
    return true
  },
  'delay-stop': () => {
    histogram.disable()
    return {p50: late(histogram.percentile(50)), p99: late(histogram.percentile(99)), max: late(histogram.max)}
  },
  memory: () => {
    for (let time = 0; time < 3; time += 1) globalThis.gc?.()
    return process.memoryUsage()
  },
  snapshot: () => writeHeapSnapshot(`/tmp/courier-bench-${process.pid}-${Date.now()}.heapsnapshot`),
}

const path = process.env.BENCH_PROBE
if (isMainThread && path !== undefined) {
  const server = createServer((socket) => {
    socket.unref()
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      for (const question of chunk.toString().split('\n')) {
        const answer = ANSWERS[question]
        if (answer) socket.write(`${JSON.stringify(answer())}\n`)
      }
    })
  })
  server.on('error', () => {})
  server.listen(path).unref()
}
