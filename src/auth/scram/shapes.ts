import {readFile} from 'node:fs/promises'
import type {Log} from '../../log/log.js'
import {replaceFile} from '../../support/atomic-file.js'
import {errnoOf} from '../../support/fault.js'
import {systemText} from '../../support/system-text.js'

/** What a secret of SCRAM shows before anything is proven. */
export interface Shape {
  readonly iterations: number
  readonly saltOctets: number
}

/** Programs that make such secrets have one or two; each costs a digest at each login. */
const MAX_SHAPES = 8

/** The shapes of the secrets that accounts have, one on each line of a file: `iterations octets`. */
export class Shapes {
  readonly #path: string | undefined
  readonly #log: Log
  readonly #shapes = new Map<string, Shape>()
  #read: Promise<void> | undefined
  #writing: Promise<void> = Promise.resolve()

  constructor({path, log}: {readonly path: string | undefined; readonly log: Log}) {
    this.#path = path
    this.#log = log
  }

  /** Never fails: without its file, it begins with none. */
  async all(): Promise<readonly Shape[]> {
    this.#read ??= this.#load()
    await this.#read
    return [...this.#shapes.values()]
  }

  add(shape: Shape): void {
    if (!this.#put(shape)) return
    this.#writing = this.#writing.then(() => this.#save())
  }

  /** Whether it is new. */
  #put(shape: Shape): boolean {
    const line = `${shape.iterations} ${shape.saltOctets}`
    if (this.#shapes.has(line) || this.#shapes.size >= MAX_SHAPES) return false
    this.#shapes.set(line, shape)
    return true
  }

  async #load(): Promise<void> {
    if (this.#path === undefined) return
    try {
      const text = await readFile(this.#path, 'utf8')
      for (const [, iterations, saltOctets] of text.matchAll(/^(\d{1,9}) (\d{1,3})$/gm)) {
        this.#put({iterations: Number(iterations), saltOctets: Number(saltOctets)})
      }
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') this.#log.warning('auth.no-scram-shapes', {path: this.#path, reason: systemText(error)})
    }
  }

  async #save(): Promise<void> {
    const path = this.#path
    if (path === undefined) return
    const text = [...this.#shapes.keys()].map((line) => `${line}\n`).join('')
    try {
      await replaceFile({path, temporary: `${path}.${process.pid}`, mode: 0o600}, (file) => file.writeFile(text))
    } catch (error) {
      this.#log.warning('auth.no-scram-shapes', {path, reason: systemText(error)})
    }
  }
}
