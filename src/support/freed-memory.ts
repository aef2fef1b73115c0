/** Memory that was freed and that the C library keeps for later. */
import {loadedFunction} from './native-library.js'

/**
 * Gives what the process has freed outside of V8's heap (TLS connections, Buffers) back to the system, where the C library can: glibc
 * keeps it between blocks that live on, else. On a thread of the pool; another thread that needs memory meanwhile may wait for
 * about 0.2 ms for each MiB that is given back.
 */
export function giveBackFreed(): Promise<void> {
  const trim = loadedFunction<{async(pad: number, done: () => void): void}>('int malloc_trim(size_t pad)')
  // Another C library gives back by itself, or never.
  if (!trim) return Promise.resolve()
  return new Promise((resolve) => trim.async(0, resolve))
}
