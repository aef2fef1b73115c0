/** Functions of libraries in C, for the few things that Node has not. The only importer of koffi: everybody else takes it from here. */
import {createRequire} from 'node:module'
import type Koffi from 'koffi'
import {Fault} from './fault.js'

// As CommonJS: it loads in half of the time, and tools that run for a moment load it too. Not before it is used: whoever only could use it
// does without.
let loaded: typeof Koffi | undefined
const koffi = new Proxy({} as typeof Koffi, {
  get(_, name) {
    loaded ??= createRequire(import.meta.url)('koffi') as typeof Koffi
    return Reflect.get(loaded, name) as unknown
  },
})

export {koffi}

export type NativeLibrary = ReturnType<typeof koffi.load>

/**
 * The first of these libraries that the system has; null is what the process has loaded already.
 *
 * @throws {Fault} `unavailable` when it has none
 */
export function loadLibrary(names: readonly (string | null)[]): NativeLibrary {
  for (const name of names) {
    try {
      return koffi.load(name)
    } catch {
      // The next one may exist.
    }
  }
  throw new Fault('unavailable', `This system has no ${names[0]}`)
}

/** A function that the process has loaded already, of the C library mostly, by its declaration; undefined: this system has none. */
export function loadedFunction<T>(declaration: string): T | undefined {
  try {
    // koffi's own types do not know what a function can do.
    return koffi.load(null).func(declaration) as unknown as T
  } catch {
    return undefined // another C library, or no koffi for this system
  }
}
