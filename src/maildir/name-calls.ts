/**
 * rename(2), link(2) and unlink(2) for files of which there are many, straight from the C library: what Node does around each call
 * (checks, conversions, names for a trace) takes as long as a twentieth of the call, and V8 has to compile it first. Node is asked
 * again for whatever fails, and says why.
 */
import {linkSync, renameSync, unlinkSync} from 'node:fs'
import {FrequentCall} from './frequent-call.js'

/** A path as Node wants it: a Buffer where it has octets above 0x7F. */
type Path = string | Buffer

/** Answers 0 when it is done. */
type OnOne = (path: string) => number
type OnTwo = (from: string, to: string) => number

export class NameCalls {
  readonly #rename: FrequentCall<OnTwo>
  readonly #link: FrequentCall<OnTwo>
  readonly #unlink: FrequentCall<OnOne>

  /** `few`: as often Node does it first. */
  constructor(few?: number) {
    this.#rename = new FrequentCall('int rename(str from, str to)', few)
    this.#link = new FrequentCall('int link(str from, str to)', few)
    this.#unlink = new FrequentCall('int unlink(str path)', few)
  }

  /** @throws {Error} as node's `rename` */
  rename(from: Path, to: Path): void {
    if (isWhole(from) && isWhole(to) && this.#rename.get()?.(from, to) === 0) return
    renameSync(from, to)
  }

  /** @throws {Error} as node's `link` */
  link(from: Path, to: Path): void {
    if (isWhole(from) && isWhole(to) && this.#link.get()?.(from, to) === 0) return
    linkSync(from, to)
  }

  /** @throws {Error} as node's `unlink` */
  unlink(path: Path): void {
    if (isWhole(path) && this.#unlink.get()?.(path) === 0) return
    unlinkSync(path)
  }
}

/** The C library would take it as it is: not what follows a NUL. */
function isWhole(path: Path): path is string {
  return typeof path === 'string' && !path.includes('\0')
}
