import {loadedFunction} from '../support/native-library.js'

/** As often Node does the same before it is worth it to load what calls the C library: tools look at a few files. */
const FEW = 100

/** A function of the C library for what is done thousands of times. */
export class FrequentCall<T> {
  readonly #declaration: string
  #left: number
  #call: T | undefined

  /** `few`: as often it is not used yet. */
  constructor(declaration: string, few = FEW) {
    this.#declaration = declaration
    this.#left = few
  }

  /** undefined: Node is to do it, this time or, where the C library has no such function, always. To be asked before each call. */
  get(): T | undefined {
    if (this.#left < 0) return this.#call
    this.#left -= 1
    if (this.#left < 0) this.#call = loadedFunction<T>(this.#declaration)
    return this.#call
  }
}
