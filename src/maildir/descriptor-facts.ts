/**
 * What the kernel tells of open files (statx(2)). Node tells the same, but makes eighteen BigInts and four dates of it each time: where
 * thousands of messages are read for the first time, that is a twentieth of all work.
 */
import {type BigIntStats, fstatSync} from 'node:fs'
import {factsOf, kindOf} from './file-facts.js'
import type {FileFacts} from './files.js'
import {FrequentCall} from './frequent-call.js'

/** The file of the descriptor itself. */
const AT_EMPTY_PATH = 0x1000
const NO_PATH = Buffer.from([0])
const STATX_BASIC_STATS = 0x7ff
const STRUCT_BYTES = 256

type StatX = (directory: number, path: Buffer, flags: number, mask: number, found: Buffer) => number

const STATX = 'int statx(int directory, void *path, int flags, unsigned int mask, void *found)'

export class DescriptorFacts {
  readonly #call: FrequentCall<StatX>
  readonly #found = Buffer.allocUnsafeSlow(STRUCT_BYTES)
  readonly #halves = new Uint16Array(this.#found.buffer)
  readonly #words = new Uint32Array(this.#found.buffer)
  readonly #longs = new BigInt64Array(this.#found.buffer)

  /** `few`: as many are asked of Node first. */
  constructor(few?: number) {
    this.#call = new FrequentCall(STATX, few)
  }

  /** @throws {Error} as node's `fstat` */
  of(descriptor: number): FileFacts {
    // Node is asked what is wrong, too.
    if (this.#call.get()?.(descriptor, NO_PATH, AT_EMPTY_PATH, STATX_BASIC_STATS, this.#found) !== 0) return factsOf(toldByNode(descriptor))
    return this.#facts()
  }

  /** `struct statx` is the same on all machines. */
  #facts(): FileFacts {
    const [halves, words, longs] = [this.#halves, this.#words, this.#longs]
    const mode = halves[14] as number
    return {
      device: deviceNumber(words[34] as number, words[35] as number),
      inode: BigInt.asUintN(64, longs[4] as bigint),
      mtimeNs: nanoseconds(longs[14] as bigint, words[30] as number),
      ctimeNs: nanoseconds(longs[12] as bigint, words[26] as number),
      size: Number(longs[5]),
      mode: mode & 0o7777,
      uid: words[5] as number,
      gid: words[6] as number,
      links: words[4] as number,
      kind: kindOf(mode),
    }
  }
}

function toldByNode(descriptor: number): BigIntStats {
  return fstatSync(descriptor, {bigint: true})
}

function nanoseconds(seconds: bigint, rest: number): bigint {
  return seconds * 1_000_000_000n + BigInt(rest)
}

/** As `makedev(3)` of Linux puts it together. */
function deviceNumber(major: number, minor: number): bigint {
  if (major < 0x1000 && minor < 0x100) return BigInt(major * 0x100 + minor)
  const [high, low] = [BigInt(major), BigInt(minor)]
  return (low & 0xffn) | ((high & 0xfffn) << 8n) | ((low & ~0xffn) << 12n) | ((high & ~0xfffn) << 32n)
}
