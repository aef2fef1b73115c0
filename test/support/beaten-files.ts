import {readdirSync, renameSync} from 'node:fs'
import {join} from 'node:path'
import type {Move} from '../../src/maildir/files.js'
import {NodeFiles} from '../../src/maildir/node-files.js'

/** Somebody is always first: a message has another name whenever it is to be renamed or removed. */
export class BeatenFiles extends NodeFiles {
  readonly #base: string

  /** `base`: how the names of the message begin. */
  constructor(base: string) {
    super()
    this.#base = base
  }

  override renameAll(directory: string, moves: readonly Move[]): Promise<readonly (Error | undefined)[]> {
    this.#beBeaten(directory)
    return super.renameAll(directory, moves)
  }

  override unlinkAll(directory: string, names: readonly string[]): Promise<readonly (Error | undefined)[]> {
    this.#beBeaten(directory)
    return super.unlinkAll(directory, names)
  }

  #beBeaten(directory: string): void {
    const name = readdirSync(directory).find((each) => each.startsWith(this.#base)) ?? ''
    renameSync(join(directory, name), join(directory, name.endsWith('R') ? name.slice(0, -1) : `${name}R`))
  }
}
