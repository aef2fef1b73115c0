/** When V8 compiles functions to machine code. */
import {setFlagsFromString} from 'node:v8'

/** Octets of bytecode that a function runs before V8 looks at it again; its own default is 67,584. */
const INTERRUPT_BUDGET = 135_000

/**
 * Has V8 wait twice as long as it does by itself before it optimizes a function.
 *
 * A server's sessions run many functions for a short time each. By default V8 spends as much time on compiling them in the first
 * thousand sessions as it takes to serve these, much of it again because the types that it has seen by then are not all. Measured: the
 * first 600 logins take a tenth less; with six times as long, a fifth less, but commands over whole mailboxes then reach their speed
 * only at the tenth one. Node 20 only: since Node 22 V8 counts calls instead, has a compiler between, and does not know the flag.
 */
export function optimizeLater(): void {
  if (!process.versions.v8.startsWith('11.')) return
  setFlagsFromString(`--interrupt-budget=${INTERRUPT_BUDGET}`)
}
