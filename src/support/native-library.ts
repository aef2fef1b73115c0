/** Functions of libraries in C, for the few things that Node has not. The only importer of koffi: everybody else takes it from here. */
import {createRequire} from 'node:module'
import type Koffi from 'koffi'
import {Fault} from './fault.js'

/** As CommonJS, which loads in half of the time, and when it is needed: tools that run for a moment have it too. */
export const koffi = () => createRequire(import.meta.url)('koffi') as typeof Koffi

export type NativeLibrary = ReturnType<typeof Koffi.load>
export type NativeType = ReturnType<typeof Koffi.struct>

/**
 * The first of these libraries that the system has; null is what the process has loaded already.
 *
 * @throws {Fault} `unavailable` when it has none
 */
export function loadLibrary(names: readonly (string | null)[]): NativeLibrary {
  for (const name of names) {
    try {
      return koffi().load(name)
    } catch {
      // The next one may exist.
    }
  }
  throw new Fault('unavailable', `This system has no ${names[0]}`)
}
