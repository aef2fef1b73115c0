import {type Worker, workerFor} from './counted-memory.js'
import {type EntityHeader, type HeaderDetail, readEntityHeader} from './entity-header.js'
import {LIMITS} from './limits.js'
import {countLineFeeds} from './line-feeds.js'
import {parameter} from './mime-fields.js'
import {asciiLower, trimBlanks} from './octets.js'
import type {Part, Stretch} from './structure.js'

/** A place in the file: offset and the number of LF before it. */
interface Mark {
  readonly offset: number
  readonly lineFeeds: number
}

/** An entity whose end has not been seen. */
interface OpenEntity {
  readonly start: Mark
  readonly isMessage: boolean
  readonly inDigest: boolean
  readonly children: Part[]
  /** Set when the header has ended. */
  bodyStart: Mark | undefined
  head: EntityHeader | undefined
  header8bit: boolean
  /** Lower-case, without the two hyphens; undefined for all but multiparts whose closing line has not come. */
  boundary: string | undefined
  message: Part | undefined
}

const LF = 0x0a
const CR = 0x0d
const HYPHEN = 0x2d
const NEXT_DELIMITER = Buffer.from('\n--')
const NOTHING = Buffer.alloc(0)
/** A line of which this much is here can be judged. */
const JUDGED_OCTETS = LIMITS.boundaryOctets + 4

/**
 * MIME parser over a message as stored (LF or CRLF), one pass, linear time: give it the file in chunks of any size,
 * then take the tree. Never fails, whatever the octets; keeps the header that it is reading (bounded) and a part of
 * one line, and no chunk after `push` has returned.
 *
 * Rules: RFC 2045, RFC 2046 and `spec/imap.md` §13.4, §13.5.
 */
export class StructureParser {
  readonly #detail: HeaderDetail
  readonly #stack: OpenEntity[] = []
  #root: Part | undefined
  #entities = 0
  /** Reading a header; else a body, a preamble or an epilogue. */
  #inHeader = true
  #header = ''
  /** Bits that octets of it have. */
  #headerBits = 0
  #headerBudget: number = LIMITS.allHeaderOctets
  /** Octets before `data[0]` of the chunk at hand, and LF before the place of work. */
  #base = 0
  #lineFeeds = 0
  /** Works in the memory of the chunk at hand. */
  #worker: Worker | undefined
  /** Start of a line that cannot be judged yet. */
  #tail: Buffer = NOTHING
  #atLineStart = true
  /** The two octets before `data[0]`. */
  #last = 0
  #lastButOne = 0
  /** After the last delimiter line: no part ends before it. */
  #partStart: Mark = {offset: 0, lineFeeds: 0}
  /** Reading a delimiter line to its end; what is after it is a new part, or not. */
  #inDelimiter: 'open' | 'close' | undefined
  /** Too many entities: no more boundaries are looked for. */
  #stopped = false

  constructor(detail: HeaderDetail = {outline: false}) {
    this.#detail = detail
    this.#open({isMessage: true, inDigest: false})
  }

  /** Takes the next octets of the file. The chunk may be reused afterwards. */
  push(chunk: Buffer): void {
    const data = this.#tail.length === 0 ? chunk : Buffer.concat([this.#tail, chunk])
    this.#tail = NOTHING
    const used = this.#take(data, false)
    if (used < data.length) this.#tail = Buffer.from(data.subarray(used))
    this.#remember(data, used)
  }

  /** The tree, after the last chunk. Not to be used again. */
  end(): Part {
    const data = this.#tail
    this.#take(data, true)
    const end = this.#mark(data.length)
    if (this.#inDelimiter) this.#endDelimiter(data.length)
    while (this.#inHeader) this.#endHeader(end)
    this.#closeAbove(0, end)
    this.#close(end)
    return this.#root!
  }

  /** Works through `data`; returns the octets used, fewer than all when a line's start needs more to be judged. */
  #take(data: Buffer, last: boolean): number {
    this.#worker = workerFor(data)
    let at = 0
    while (at < data.length) {
      if (this.#atLineStart) {
        if (!this.#canJudge(data, at, last)) return at
        at = this.#startLine(data, at)
      } else at = this.#restOfLine(data, at)
    }
    return at
  }

  #canJudge(data: Buffer, at: number, last: boolean): boolean {
    if (last) return true
    const first = data[at]
    const left = data.length - at
    if (first === CR && this.#inHeader) return left > 1
    if (first !== HYPHEN || !this.#looksForDelimiters()) return true
    if (left === 1) return false
    return data[at + 1] !== HYPHEN || left >= JUDGED_OCTETS || data.indexOf(LF, at) >= 0
  }

  #looksForDelimiters(): boolean {
    if (this.#stopped) return false
    for (const {boundary} of this.#stack) if (boundary !== undefined) return true
    return false
  }

  /** At the start of a line: an empty line ends a header, a delimiter ends parts. Returns where to go on. */
  #startLine(data: Buffer, at: number): number {
    this.#atLineStart = false
    if (data[at] === HYPHEN && data[at + 1] === HYPHEN && this.#looksForDelimiters()) {
      const found = this.#matchDelimiter(data, at)
      if (found) {
        this.#delimit(data, at, found)
        return at
      }
    }
    if (!this.#inHeader) return at
    const blank = data[at] === LF ? 1 : data[at] === CR && data[at + 1] === LF ? 2 : 0
    if (blank === 0) return at
    this.#lineFeeds += 1
    this.#atLineStart = true
    this.#endHeader(this.#mark(at + blank))
    return at + blank
  }

  /** Inside a line: goes to the next line that matters, or to the end of the chunk. */
  #restOfLine(data: Buffer, at: number): number {
    if (!this.#inDelimiter) return this.#inHeader ? this.#restOfHeader(data, at) : this.#restOfBody(data, at)
    const lineFeed = data.indexOf(LF, at)
    if (lineFeed < 0) return data.length
    this.#lineFeeds += 1
    this.#atLineStart = true
    this.#endDelimiter(lineFeed + 1)
    return lineFeed + 1
  }

  /** To the next line of a header that may be its end: an empty one, or a delimiter. */
  #restOfHeader(data: Buffer, at: number): number {
    let bits = 0
    let lineFeeds = 0
    let end = at
    if (this.#worker) {
      const {header, told} = this.#worker
      end = header(data.byteOffset + at, data.byteOffset + data.length, told.byteOffset) - data.byteOffset
      lineFeeds = told[0]!
      bits = told[1] === 0 ? 0 : 0x80
    }
    // A loop takes less time than a search for each line end: lines are short.
    while (end < data.length) {
      const octet = data[end]!
      end += 1
      bits |= octet
      if (octet !== LF) continue
      lineFeeds += 1
      const next = data[end]
      if (next !== LF && next !== CR && next !== HYPHEN) continue
      this.#atLineStart = true
      break
    }
    if (data[end - 1] === LF) this.#atLineStart = true
    this.#lineFeeds += lineFeeds
    this.#headerBits |= bits
    this.#keepHeader(data, at, end)
    return end
  }

  /** To the next line that may be a delimiter, or to the end of the chunk. */
  #restOfBody(data: Buffer, at: number): number {
    let end = data.length
    if (!this.#looksForDelimiters()) this.#countLineFeeds(countLineFeeds(data, at, end))
    else if (this.#worker) end = this.#passBody(data, at, this.#worker)
    else {
      const found = data.indexOf(NEXT_DELIMITER, at)
      end = found < 0 ? data.length : found + 1
      this.#countLineFeeds(countLineFeeds(data, at, end))
    }
    // `\n` or `\n-` at the end of the chunk: the next one tells.
    if (end === data.length && data[end - 1] === HYPHEN && end - 2 >= at && data[end - 2] === LF) end -= 1
    this.#atLineStart = data[end - 1] === LF
    return end
  }

  #passBody(data: Buffer, at: number, {body, told}: Worker): number {
    let end = body(data.byteOffset + at, data.byteOffset + data.length, told.byteOffset) - data.byteOffset
    let lineFeeds = told[0]!
    while (end < data.length) {
      const octet = data[end]
      end += 1
      if (octet !== LF) continue
      lineFeeds += 1
      if (end + 1 < data.length && data[end] === HYPHEN && data[end + 1] === HYPHEN) break
    }
    this.#countLineFeeds(lineFeeds)
    return end
  }

  #countLineFeeds(lineFeeds: number): void {
    if (!this.#detail.outline) this.#lineFeeds += lineFeeds
  }

  #keepHeader(data: Buffer, start: number, end: number): void {
    const room = Math.min(LIMITS.headerOctets - this.#header.length, this.#headerBudget)
    const kept = Math.min(end - start, room)
    if (kept <= 0) return
    this.#header += data.toString('latin1', start, start + kept)
    this.#headerBudget -= kept
  }

  /** Of the open boundaries that match, the longest wins, of equal ones the outer (`spec/imap.md` §13.5). */
  #matchDelimiter(data: Buffer, at: number): {level: number; closes: boolean} | undefined {
    let found: {level: number; closes: boolean} | undefined
    let length = 0
    for (let level = 0; level < this.#stack.length; level += 1) {
      const {boundary} = this.#stack[level]!
      if (boundary === undefined || boundary.length <= length || !lineStartsWith(data, at + 2, boundary)) continue
      length = boundary.length
      found = {level, closes: data[at + 2 + length] === HYPHEN && data[at + 3 + length] === HYPHEN}
    }
    return found
  }

  #delimit(data: Buffer, at: number, {level, closes}: {level: number; closes: boolean}): void {
    const cut = this.#cutBefore(data, at)
    while (this.#inHeader) this.#endHeader(cut)
    this.#closeAbove(level, cut)
    this.#inHeader = false
    this.#inDelimiter = closes ? 'close' : 'open'
    if (closes) this.#stack[level]!.boundary = undefined
  }

  /** The line end before a delimiter belongs to it (RFC 2046 §5.1.1), unless it belongs to the delimiter before. */
  #cutBefore(data: Buffer, at: number): Mark {
    const before = at >= 2 ? data[at - 2] : at === 1 ? this.#last : this.#lastButOne
    const offset = this.#base + at - (before === CR ? 2 : 1)
    if (offset < this.#partStart.offset) return this.#partStart
    return {offset, lineFeeds: this.#lineFeeds - 1}
  }

  /** After a delimiter line. */
  #endDelimiter(at: number): void {
    const opens = this.#inDelimiter === 'open'
    this.#inDelimiter = undefined
    if (!opens) return
    this.#partStart = this.#mark(at)
    if (this.#entities >= LIMITS.entities) {
      this.#stopped = true
      return
    }
    const {head} = this.#stack.at(-1)!
    this.#open({isMessage: false, inDigest: head!.subtype === 'digest'}, this.#partStart)
  }

  #open({isMessage, inDigest}: {isMessage: boolean; inDigest: boolean}, start: Mark = this.#mark(0)): void {
    this.#entities += 1
    this.#stack.push({
      start,
      isMessage,
      inDigest,
      children: [],
      bodyStart: undefined,
      head: undefined,
      header8bit: false,
      boundary: undefined,
      message: undefined,
    })
    this.#inHeader = true
    this.#header = ''
    this.#headerBits = 0
  }

  /** The header of the innermost entity ends at `mark`; a message inside is opened there. */
  #endHeader(mark: Mark): void {
    const entity = this.#stack.at(-1)!
    const head = readEntityHeader(this.#header, entity, this.#detail)
    entity.header8bit = this.#headerBits >= 0x80
    this.#header = ''
    this.#inHeader = false
    entity.head = head
    entity.bodyStart = mark
    if (!head.mimeOn || this.#stack.length >= LIMITS.mimeDepth) return
    if (head.type === 'multipart') entity.boundary = boundaryOf(head)
    else if (isReadableMessage(head) && this.#entities < LIMITS.entities) this.#open({isMessage: true, inDigest: false}, mark)
  }

  /** Closes all entities inside the one at `level`, at `cut`. */
  #closeAbove(level: number, cut: Mark): void {
    while (this.#stack.length > level + 1) this.#close(cut)
  }

  #close(end: Mark): void {
    const entity = this.#stack.pop()!
    const part = finish(entity, end)
    const parent = this.#stack.at(-1)
    if (!parent) this.#root = part
    else if (entity.isMessage) parent.message = part
    else parent.children.push(part)
  }

  #mark(at: number): Mark {
    return {offset: this.#base + at, lineFeeds: this.#lineFeeds}
  }

  #remember(data: Buffer, used: number): void {
    if (used >= 2) this.#lastButOne = data[used - 2]!
    else if (used === 1) this.#lastButOne = this.#last
    if (used >= 1) this.#last = data[used - 1]!
    this.#base += used
  }
}

/** Compares octets without a string for each line: a hostile body may have nothing but lines that begin with hyphens. */
function lineStartsWith(data: Buffer, at: number, lower: string): boolean {
  if (at + lower.length > data.length) return false
  for (let i = 0; i < lower.length; i += 1) {
    const octet = data[at + i]!
    if ((octet >= 0x41 && octet <= 0x5a ? octet + 0x20 : octet) !== lower.charCodeAt(i)) return false
  }
  return true
}

/** The boundary to look for, lower-case; a multipart without one is a leaf (`spec/imap.md` §13.5). */
function boundaryOf(head: EntityHeader): string | undefined {
  const boundary = asciiLower(trimBlanksAtEnd(parameter(head.parameters, 'boundary') ?? ''))
  return boundary === '' || boundary.length > LIMITS.boundaryOctets ? undefined : boundary
}

function trimBlanksAtEnd(text: string): string {
  return trimBlanks(`|${text}`).slice(1)
}

function isMessage({type, subtype}: {type: string; subtype: string}): boolean {
  return type === 'message' && (subtype === 'rfc822' || subtype === 'global')
}

function isReadableMessage(head: EntityHeader): boolean {
  return isMessage(head) && (head.encoding === '7bit' || head.encoding === '8bit')
}

function stretch(from: Mark, to: Mark): Stretch {
  return {start: from.offset, end: to.offset, lineFeeds: to.lineFeeds - from.lineFeeds}
}

/** A delimiter takes the line end before it also from a header that ended there: no mark is beyond the end. */
function notAfter(mark: Mark, end: Mark): Mark {
  return mark.offset > end.offset ? end : mark
}

function finish(entity: OpenEntity, end: Mark): Part {
  const head = entity.head!
  const bodyStart = notAfter(entity.bodyStart!, end)
  // A message in base64 or quoted-printable cannot be taken apart, so RFC 3501 has no form for it as message/rfc822.
  const subtype = isMessage(head) && !entity.message ? 'octet-stream' : head.subtype
  return {
    header: stretch(notAfter(entity.start, end), bodyStart),
    body: stretch(bodyStart, end),
    type: head.type,
    subtype,
    parameters: head.parameters,
    id: head.id,
    description: head.description,
    encoding: head.encoding,
    md5: head.md5,
    disposition: head.disposition,
    language: head.language,
    children: entity.children,
    message: entity.message,
    envelope: head.envelope,
    header8bit: entity.header8bit,
  }
}

/** The parts of a whole message without envelopes, descriptions and numbers of line feeds: enough to search it. */
export function parseOutline(message: Buffer): Part {
  const parser = new StructureParser({outline: true})
  parser.push(message)
  return parser.end()
}

/** The structure of a whole message that is in memory. */
export function parseStructure(message: Buffer): Part {
  const parser = new StructureParser()
  parser.push(message)
  return parser.end()
}
