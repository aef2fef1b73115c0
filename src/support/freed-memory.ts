/** Memory that was freed and that the C library keeps for later. */
import {koffi} from './native-library.js'

/**
 * Gives what the process has freed outside of V8's heap (TLS connections, Buffers) back to the system, where the C library can: glibc
 * keeps it between blocks that live on, else. On a thread of the pool; another thread that needs memory meanwhile may wait for
 * about 0.2 ms for each MiB that is given back.
 */
export function giveBackFreed(): Promise<void> {
  return new Promise((resolve) => {
    try {
      // koffi's own types do not know what a function can do.
      const trim = koffi.load(null).func('int malloc_trim(size_t pad)') as unknown as {
        async(pad: number, done: () => void): void
      }
      trim.async(0, resolve)
    } catch {
      // Another C library gives back by itself, or never.
      resolve()
    }
  })
}
